/**
 * What arrived of downloads: in pieces, one after the other, so a reload of the page loses at most the last one. One that is
 * whole is forgotten by `forgetPieces` once it is elsewhere. `gather.ts` fetches them.
 */
const STORE = 'whetstone/pieces';

/** What is here of a file. */
export interface Pieces {
  /** In order and without a gap. */
  urls: string[];
  bytes: number;
  /** Size of the whole; null while no server has said it. */
  total: number | null;
  /** Content-Type of the whole. */
  type: string;
  /** What the server said to tell this file from a later one in its place; may be empty. */
  tag: string;
}

/** What is here of a file; nothing of it counts after a gap. */
export async function piecesOf(url: string, all?: readonly string[]): Promise<Pieces> {
  const prefix = keyOf(url, '');
  const keys = (all ?? (await pieceKeys())).filter((key) => key.startsWith(prefix)).sort();
  const found: Pieces = { urls: [], bytes: 0, total: null, type: 'application/octet-stream', tag: '' };
  if (keys.length === 0) return found;
  const store = await openStore();
  for (const key of keys) {
    const piece = await store.match(key);
    const from = Number(key.slice(prefix.length));
    if (!piece || from !== found.bytes) break;
    found.urls.push(key);
    found.bytes += Number(piece.headers.get('x-bytes'));
    found.total = Number(piece.headers.get('x-total')) || null;
    found.type = piece.headers.get('content-type') ?? found.type;
    found.tag = piece.headers.get('x-tag') ?? '';
  }
  return found;
}

/** The keys of all pieces of all files, to look up many files at once. */
export async function pieceKeys(): Promise<string[]> {
  return (await openStore()).keys();
}

export async function forgetPieces(url: string): Promise<void> {
  const store = await openStore();
  const prefix = keyOf(url, '');
  for (const key of await store.keys()) if (key.startsWith(prefix)) await store.delete(key);
}

/** Keys sort in the order of the file. The host does not exist: a cache wants addresses for keys. */
export function keyOf(url: string, from: number | ''): string {
  return `https://piece.invalid/${encodeURIComponent(url)}/${from === '' ? '' : String(from).padStart(15, '0')}`;
}

interface Store {
  match(key: string): Promise<Response | undefined>;
  put(key: string, piece: Blob, headers: Record<string, string>): Promise<void>;
  delete(key: string): Promise<void>;
  keys(): Promise<string[]>;
}

/** Pieces that the browser would not keep: no cache here, or no room left. They live as long as the page. */
const homeless = new Map<string, { piece: Blob; headers: Record<string, string> }>();

export async function openStore(): Promise<Store> {
  const cache = await openCache(STORE);
  return {
    async match(key) {
      const held = homeless.get(key);
      return held ? new Response(held.piece, { headers: held.headers }) : cache?.match(key);
    },
    async put(key, piece, headers) {
      try {
        if (!cache) throw new Error('no cache');
        await cache.put(key, new Response(piece, { headers }));
      } catch {
        homeless.set(key, { piece, headers });
      }
    },
    async delete(key) {
      homeless.delete(key);
      await cache?.delete(key);
    },
    async keys() {
      const kept = (await cache?.keys()) ?? [];
      return [...new Set([...kept.map(({ url }) => url), ...homeless.keys()])];
    },
  };
}

/** Null where the page may not use the cache (no secure context, storage blocked). */
export async function openCache(name: string): Promise<Cache | null> {
  try {
    return await caches.open(name);
  } catch {
    return null;
  }
}
