import { HUB, LOOPBACK } from './reach.ts';

/** The page that may be allowed to ask addresses of the user's choice; all else of it is as in the other. */
export const ELSEWHERE = 'elsewhere.html';

/**
 * The content security policy that is written into a page when it is built, and sent with every file by our server. It
 * is the widest that can hold: what the user has switched off is taken away by `guard.ts` before anything else runs.
 */
export function builtPolicy(page: string): string {
  // A policy cannot be widened, so a page in which the user may allow any address must not be bound beforehand.
  const others = page === ELSEWHERE ? ['https:', 'http:'] : [...HUB, ...LOOPBACK];
  return [
    "default-src 'self'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "worker-src 'self' blob:",
    `connect-src 'self' ${others.join(' ')}`,
    "object-src 'none'",
    "frame-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

/** The same as a header, for the file of this name. The service worker asks for the page's own files and no others. */
export function headerPolicy(file: string): string {
  const policy = file === 'sw.js' ? "default-src 'self'" : builtPolicy(file);
  return `${policy}; frame-ancestors 'none'`;
}
