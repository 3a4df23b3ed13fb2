import type { Source } from '../../../src/app/import/read.ts';

/** A file with this text in UTF-8. */
export const file = (path: string, text: string): Source => ({ path, bytes: new TextEncoder().encode(text) });
