import { forgetPieces, openCache, piecesOf } from './pieces.ts';

/** Where downloads are kept between visits; web-llm keeps its own. */
export const CACHE = 'whetstone/models';

export interface ModelFile {
  /** Absolute. */
  url: string;
  /** What the user is told is being fetched. */
  name: string;
  /** Lower-case hex; the file is not checked without it. */
  sha256?: string;
}

/** What is on this machine of a model. */
export interface Kept {
  /** Everything is here: the model loads without a network. */
  whole: boolean;
  bytes: number;
  /** Null while no server has said it. */
  total: number | null;
}

/** What is here of a model file, whole or in pieces; `all` are the keys of all pieces, from one look for many models. */
export async function keptOfFile(file: ModelFile, all?: readonly string[]): Promise<Kept> {
  const kept = await keptFile(cacheKey(file));
  if (kept) {
    const bytes = Number(kept.headers.get('content-length')) || (await kept.blob()).size;
    return { whole: true, bytes, total: bytes };
  }
  const { bytes, total } = await piecesOf(file.url, all);
  return { whole: false, bytes, total };
}

/** Removes the file and its pieces; nothing happens where there are none. */
export async function removeFile(file: ModelFile): Promise<void> {
  await (await openCache(CACHE))?.delete(cacheKey(file));
  await forgetPieces(file.url);
}

/** The hash is part of the key, so a changed file is not mistaken for the old one. */
export function cacheKey(file: ModelFile): string {
  const key = new URL(file.url);
  if (file.sha256) key.searchParams.set('sha256', file.sha256);
  return key.href;
}

export async function keptFile(key: string): Promise<Response | undefined> {
  return (await openCache(CACHE))?.match(key);
}
