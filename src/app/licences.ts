import * as v from 'valibot';

/** The licences of what the page consists of, as scripts/licences.js gathers them when the page is built. */

const line = { name: v.string(), licence: v.string(), url: v.string() };

const file = v.object({
  packages: v.array(
    v.object({ ...line, version: v.string(), text: v.nullable(v.number()), inside: v.array(v.object(line)) }),
  ),
  texts: v.array(v.string()),
});

export interface LicensedPart {
  name: string;
  version: string;
  licence: string;
  /** Where its source is; empty when it does not say. */
  url: string;
  /** The licence in full; null when the package brings no text of it. */
  text: string | null;
  /** What was built into it before it was published. */
  inside: readonly { name: string; licence: string; url: string }[];
}

/** All parts by name; null where the page runs from its sources and no list was made. */
export async function licences(): Promise<readonly LicensedPart[] | null> {
  const address = new URL(`${import.meta.env.BASE_URL}licences.json`, location.href);
  const found = await fetch(address).catch(() => null);
  const read = v.safeParse(file, found?.ok ? await found.json().catch(() => null) : null);
  if (!read.success) return null;
  const { packages, texts } = read.output;
  return packages.map((one) => ({ ...one, text: one.text === null ? null : (texts[one.text] ?? null) }));
}
