import { EngineError } from '../core/model.ts';
import {
  covers,
  DEFAULT_REACH,
  HUB,
  isOrigin,
  LOOPBACK,
  type Reach,
  REACH_KEY,
  readReach,
} from '../guard/reach.ts';

/** What the user lets this page ask. The browser itself holds page and workers to it (src/guard); here it gets its words. */

export type { Reach };

/** As it is kept: it holds from the next time that the page is loaded, if it was changed since. */
export function keptReach(): Reach {
  try {
    return readReach(localStorage.getItem(REACH_KEY));
  } catch {
    return DEFAULT_REACH;
  }
}

/**
 * Keeps the choice and loads the page again: a browser takes wider rules only when a page is loaded. Throws EngineError
 * where the browser keeps nothing, and then nothing has changed.
 */
export function changeReach(change: Partial<Reach>): void {
  const next: Reach = { ...keptReach(), ...change };
  try {
    localStorage.setItem(REACH_KEY, JSON.stringify(next));
  } catch {
    throw new EngineError(
      'unavailable',
      'This browser does not let the page remember the choice.',
      'Leave the private window, or allow this site to store data.',
    );
  }
  location.reload();
}

/** The origin of an address as the user may allow it by name; null where the address is none, or its host is a number of IPv6. */
export function originOf(address: string): string | null {
  const origin = URL.canParse(address.trim()) ? new URL(address.trim()).origin : null;
  return isOrigin(origin) ? origin : null;
}

/** What to change so that the address may be asked; null where that is not for a button to do. */
export function allowing(address: string): Partial<Reach> | null {
  const kept = keptReach();
  if (kept.offline || !URL.canParse(address)) return null;
  const url = new URL(address);
  if (covers(HUB, url)) return { downloads: true };
  if (covers(LOOPBACK, url)) return { servers: true };
  const origin = originOf(address);
  return origin === null ? null : { origins: [...new Set([...kept.origins, origin])] };
}

/**
 * Why this page may not ask the address, and what to do; null if it may. A page without a guard (in development, and in
 * tests of parts) asks whatever it likes.
 */
export function refusal(address: string): EngineError | null {
  const sources = globalThis.whetstoneGuard?.sources;
  if (sources === undefined || !URL.canParse(address)) return null;
  const url = new URL(address);
  if (url.origin === location.origin || covers(sources, url)) return null;
  const { what, way } = wordsFor(url);
  return new EngineError('unavailable', what, way);
}

function wordsFor(url: URL): { what: string; way: string } {
  if (keptReach().offline)
    return {
      what: `The page is offline by your choice: it asks nothing but its own origin, so not ${url.host}.`,
      way: 'Switch “Offline” off under Privacy, or choose a model that is on this machine.',
    };
  if (covers(HUB, url))
    return {
      what: `Downloads from the model hub are switched off, so ${url.host} may not be asked.`,
      way: 'Switch them on under Privacy, or choose a model that is on this machine.',
    };
  if (covers(LOOPBACK, url))
    return {
      what: `Servers on this machine are switched off, so ${url.host} may not be asked.`,
      way: 'Switch them on under Privacy; the page is loaded again then.',
    };
  if (url.hostname.startsWith('['))
    return {
      what: `${url.host} cannot be allowed: the browser’s rules know no addresses of this form.`,
      way: 'Write localhost in place of [::1], or a name or a number with dots.',
    };
  return {
    what: `${url.host} is not among the addresses that this page may ask.`,
    way: 'Add it under Privacy; the page is loaded again then.',
  };
}
