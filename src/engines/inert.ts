/**
 * Text as data only. llama.cpp reads a special token's name inside any prompt as the token itself, so a task whose
 * text contains `<|im_end|>` could end the conversation. Such names get a space after their first character, which
 * keeps them readable and makes them ordinary text. Lone surrogates, which JSON cannot carry to WASM, become U+FFFD.
 */
export function inert(text: string, names: ReadonlySet<string>): string {
  const disarm = (name: string) => `${name.slice(0, 1)} ${name.slice(1)}`;
  let safe = text.toWellFormed().replace(/<\|[^<>|\s]{1,40}\|>/g, disarm);
  for (const name of names) safe = safe.replaceAll(name, disarm);
  return safe;
}

/** The names of special tokens that a chat template uses: `<|im_end|>`, `<start_of_turn>`, `</s>`, `[INST]`. */
export function specialNames(template: string): ReadonlySet<string> {
  return new Set(template.match(/<\|?\/?[A-Za-z_][^<>\s]{0,40}>|\[\/?[A-Z_]{1,40}\]/g) ?? []);
}

/** A GBNF rule that admits `text` and nothing else. */
export function exactly(text: string): string {
  const escaped = [...text].map((char) => {
    if (char === '"' || char === '\\') return `\\${char}`;
    const code = char.codePointAt(0) ?? 0;
    return code < 0x20 || code === 0x7f ? `\\x${code.toString(16).padStart(2, '0')}` : char;
  });
  return `root ::= "${escaped.join('')}"`;
}
