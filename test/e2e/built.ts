import { ensureBuilt } from '../../scripts/serve.js';

/** Once, before tests that run at the same time would each begin to build. */
export const setup = ensureBuilt;
