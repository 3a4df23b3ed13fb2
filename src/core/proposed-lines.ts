/**
 * Prompts in a reply that was asked for several, one a line: those between <prompt> tags where there are any, else
 * every line without its list mark (`-`, `*`, `1.`, `2)`), a label (`Prompt 3:`), tags and quotation marks around it.
 * Fences and lines that only announce a list (they end with a colon) are no prompts. Empty when there is none; each
 * text once, in the order of the reply.
 */
export function proposedLines(reply: string): string[] {
  const tagged = [...reply.matchAll(/<prompt>(.*?)(?:<\/prompt>|$)/gisu)].map((match) => match[1] ?? '');
  const texts = (tagged.length > 0 ? tagged : reply.split(/\r\n|[\n\r]/u)).map(bare);
  return [...new Set(texts.filter((text) => text !== ''))];
}

const MARK = /^(?:[-*•–]+|\(?\d{1,3}[.):]|#+)\s*/u;
const LABEL =
  /^(?:(?:new\s{1,3})?(?:prompt|template|instruction|beginning)\s{0,3}(?:#?\d{1,3})?\s{0,3}:)\s*/iu;
const QUOTES = /^(?:"(.*)"|'(.*)'|`(.*)`|“(.*)”|‘(.*)’|«(.*)»)[.,;]?$/su;

/** Layers of marks, labels and quotation marks that are taken off a line; one with more is no prompt. */
const LAYERS = 16;

function bare(line: string): string {
  let text = line.replace(/<[^<>\n]{0,40}>/gu, ' ').trim();
  if (text.startsWith('```') || text.endsWith(':')) return '';
  for (let before = '', layers = 0; before !== text; layers++) {
    if (layers > LAYERS) return '';
    before = text;
    text = text.replaceAll('**', '').trim().replace(MARK, '').replace(LABEL, '');
    const inner = QUOTES.exec(text);
    if (inner !== null) text = (inner.slice(1).find((group) => group !== undefined) ?? '').trim();
  }
  return /[\p{L}\p{N}]/u.test(text) ? text : '';
}
