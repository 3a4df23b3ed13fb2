import fc from 'fast-check';

/** What hostile or broken text is made of, and ways to break good text. */

/** Pieces that have broken some reader somewhere. */
export const NASTY: readonly string[] = [
  '',
  '\0',
  '\ufeff',
  '\u2028',
  '\u0085',
  '\ud800',
  '\udfff\ud800',
  '\u202e',
  '\u2066',
  '\u200b\u200d',
  'e\u0301'.repeat(40),
  '\u{1F469}\u200D\u{1F469}\u200D\u{1F467}',
  '"',
  '""',
  '"""',
  "'",
  '\\',
  '\\u',
  '\\ud800',
  '\r',
  '\r\n\r',
  '\n\n\n',
  '\t',
  ',',
  ',,,,,,,,',
  ';',
  '|',
  '{',
  '}}}',
  '[[[[',
  ']',
  ':',
  '//',
  '/* */',
  '`',
  '```',
  '<prompt>',
  '</prompt>',
  '<!--',
  ']]>',
  '<script>globalThis.hacked=1</script>',
  '<img src=x onerror=hacked=1>',
  '__proto__',
  '"__proto__":{"polluted":true},',
  '"constructor":{"prototype":{"polluted":true}},',
  'toString',
  'NaN',
  '-Infinity',
  '1e999',
  '-0',
  '00',
  '0x10',
  '9'.repeat(400),
  'null',
  'undefined',
  'true',
  '=cmd|"/c calc"!A0',
  '@SUM(1)',
  '$&',
  '$`',
  '{input}',
  '%00',
  '%s%n',
  '../../../etc/passwd',
  'javascript:alert(1)',
  'data:text/html,<b>',
  '\u001b[31m',
  '\u001b]8;;http://x\u0007',
  '\u009b2J',
  '<|im_end|>',
  '{"a":'.repeat(300),
  '['.repeat(5000),
  '\uFFFD',
];

/** Any text at all, nasty pieces and halves of surrogate pairs included. */
export const anyText: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.constantFrom(...NASTY),
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    ),
    { maxLength: 12 },
  )
  .map((pieces) => pieces.join(''));

/** One way to break a text; places are taken modulo its length. */
export interface Break {
  how: 'cut' | 'drop' | 'twice' | 'insert' | 'replace' | 'swap' | 'endings';
  at: number;
  length: number;
  piece: string;
}

const aBreak: fc.Arbitrary<Break> = fc.record({
  how: fc.constantFrom('cut', 'drop', 'twice', 'insert', 'insert', 'replace', 'replace', 'swap', 'endings'),
  at: fc.nat(),
  length: fc.integer({ min: 1, max: 40 }),
  piece: fc.oneof(fc.constantFrom(...NASTY), fc.string({ unit: 'binary', minLength: 1, maxLength: 4 })),
});

/** One to four of them. */
export const breaks: fc.Arbitrary<Break[]> = fc.array(aBreak, { minLength: 1, maxLength: 4 });

export function broken(text: string, with_: readonly Break[]): string {
  return with_.reduce((so, { how, at, length, piece }) => {
    const from = so.length === 0 ? 0 : at % so.length;
    const [before, part, after] = [so.slice(0, from), so.slice(from, from + length), so.slice(from + length)];
    switch (how) {
      case 'cut':
        return before;
      case 'drop':
        return before + after;
      case 'twice':
        return before + part + part + after;
      case 'insert':
        return before + piece + part + after;
      case 'replace':
        return before + piece + after;
      case 'swap':
        return before + after.slice(0, length) + part + after.slice(length);
      case 'endings':
        return so.replaceAll('\n', piece.includes('\r') ? piece : '\r');
    }
  }, text);
}

/** Values that do not belong where they are put. */
export const anyValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>('', ' ', -1, 0, 1.5, 1e308, 1e20, null, [], {}, [[]], 'x'.repeat(500)),
  fc.constantFrom(...NASTY),
);

/** One change in a tree of JSON values: `nth` of all its places, put to `value`, taken out, renamed or made twice. */
export interface Change {
  nth: number;
  how: 'put' | 'put' | 'drop' | 'rename' | 'wrap' | 'hostile';
  value: unknown;
}

export const changes: fc.Arbitrary<Change[]> = fc.array(
  fc.record({
    nth: fc.nat(),
    how: fc.constantFrom('put', 'put', 'drop', 'rename', 'wrap', 'hostile'),
    value: anyValue,
  }),
  { minLength: 1, maxLength: 3 },
);

/** The text of a changed copy. Keys such as `__proto__` get in as JSON has them: as fields of their own. */
export function changed(tree: unknown, how: readonly Change[]): string {
  let text = JSON.stringify(tree);
  for (const change of how) {
    const copy: unknown = JSON.parse(text);
    const places: { holder: object; key: string }[] = [];
    const walk = (at: unknown) => {
      if (typeof at !== 'object' || at === null) return;
      for (const [key, below] of Object.entries(at)) {
        places.push({ holder: at, key });
        walk(below);
      }
    };
    walk(copy);
    const place = places[change.nth % Math.max(1, places.length)];
    if (place === undefined) return text;
    const { holder, key } = place;
    const now: unknown = Reflect.get(holder, key);
    switch (change.how) {
      case 'put':
        Reflect.set(holder, key, change.value);
        break;
      case 'drop':
        if (Array.isArray(holder)) holder.splice(Number(key), 1);
        else Reflect.deleteProperty(holder, key);
        break;
      case 'rename':
        if (!Array.isArray(holder)) {
          Reflect.deleteProperty(holder, key);
          Reflect.set(holder, `${key}${String(change.nth % 3)}`, now);
        }
        break;
      case 'wrap':
        Reflect.set(holder, key, [now]);
        break;
      case 'hostile':
        Object.defineProperty(holder, '__proto__', { value: { polluted: true }, enumerable: true });
        break;
    }
    text = JSON.stringify(copy);
  }
  return text;
}
