/** One request of the page, of one of its workers or of the service worker. */
export interface Request {
  id: string;
  /** `page`, `service worker`, or the name of a worker. */
  who: string;
  /** Without the part after `#`. */
  url: string;
  /** How it was asked for: `fetch`, or what the browser calls it (`script`, `link`, `navigation`...). */
  how: string;
  /** Milliseconds since the epoch. */
  at: number;
  /** From the asking to the last byte; null while that is unknown. */
  ms: number | null;
  /** `refused`: by the content security policy, so nothing was sent. `left`: the browser fetches it when it likes. */
  outcome: 'asked' | 'answered' | 'failed' | 'refused' | 'left';
  /** Of HTTP; null where there is none, or the browser does not say. */
  status: number | null;
  /** Of the body; null while unknown. One that never becomes known belongs to a worker that was ended before. */
  bytes: number | null;
  /** Those of the body that came over a network, 0 for a copy kept by the browser; null while unknown. */
  network: number | null;
}

/** What the guard has put into the page, for all who want to know. */
export interface Guard {
  /** What may be asked, for as long as the page is open. */
  readonly sources: readonly string[];
  /** The latest requests, oldest first; at most `MOST_REQUESTS`. */
  readonly requests: readonly Request[];
  /** Older ones that had to go. */
  readonly dropped: number;
  /** Called after every change; returns the way to stop. */
  watch(listener: () => void): () => void;
}

/** Kept in memory: some megabyte. */
export const MOST_REQUESTS = 5000;
