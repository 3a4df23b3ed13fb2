/** What this page may ask: the user's choice, kept in localStorage, and the sources of a content security policy that say so. */

export interface Reach {
  /** Nothing but this origin, whatever the others say. */
  offline: boolean;
  /** The model hub's hosts. */
  downloads: boolean;
  /** Model servers on this machine. */
  servers: boolean;
  /** Other origins, each allowed by name: `https://models.example.com`. */
  origins: readonly string[];
}

export const DEFAULT_REACH: Reach = { offline: false, downloads: true, servers: false, origins: [] };

/** Under this name in localStorage. */
export const REACH_KEY = 'whetstone:reach';

/** Where WebLLM's weights and libraries are, and where the hub sends those who ask it for a file. */
export const HUB = [
  'https://huggingface.co',
  'https://*.huggingface.co',
  'https://*.hf.co',
  'https://raw.githubusercontent.com',
] as const;

/** Policies know no numbers of IPv6, so `[::1]` cannot be among them. */
export const LOOPBACK = ['http://localhost:*', 'http://127.0.0.1:*'] as const;

/** What a source of the policy may look like, so that no text from outside becomes a rule of it. */
const ORIGIN = /^https?:\/\/[\w.-]+(:\d+)?$/;

/** Reads what is kept; whatever cannot be read counts as the default. */
export function readReach(text: string | null): Reach {
  const { offline, downloads, servers, origins } = DEFAULT_REACH;
  try {
    const kept: unknown = JSON.parse(text ?? '{}');
    const flag = (name: string, otherwise: boolean) => {
      const value: unknown = Reflect.get(Object(kept), name);
      return typeof value === 'boolean' ? value : otherwise;
    };
    const listed: unknown = Reflect.get(Object(kept), 'origins');
    return {
      offline: flag('offline', offline),
      downloads: flag('downloads', downloads),
      servers: flag('servers', servers),
      origins: Array.isArray(listed) ? listed.filter(isOrigin) : origins,
    };
  } catch {
    return DEFAULT_REACH;
  }
}

export const isOrigin = (text: unknown): text is string => typeof text === 'string' && ORIGIN.test(text);

/** What may be asked beside the page's own origin. */
export function sourcesOf({ offline, downloads, servers, origins }: Reach): readonly string[] {
  return offline ? [] : [...(downloads ? HUB : []), ...(servers ? LOOPBACK : []), ...origins];
}

/** Whether one of the sources covers the address, as a policy with these sources would say. */
export function covers(sources: readonly string[], url: URL): boolean {
  return sources.some((source) => {
    const [, scheme = '', wild = '', host = '', port = ''] =
      /^(https?):\/\/(\*\.)?([\w.-]+)(?::(\d+|\*))?$/.exec(source) ?? [];
    // http in a policy stands for https too.
    const sameScheme = url.protocol === `${scheme}:` || (scheme === 'http' && url.protocol === 'https:');
    const sameHost = wild === '' ? url.hostname === host : url.hostname.endsWith(`.${host}`);
    const samePort = port === '*' || url.port === port || (url.port === '' && port === defaultPort(scheme));
    return sameScheme && sameHost && samePort;
  });
}

const defaultPort = (scheme: string) => (scheme === 'http' ? '80' : '443');
