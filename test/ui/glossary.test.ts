import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { glossary } from '../../src/ui/glossary.ts';

const ui = join(import.meta.dirname, '../../src/ui');
const sources = readdirSync(ui, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.svelte'))
  .map((name) => readFileSync(join(ui, name), 'utf8'))
  .join('\n');

/** Words that a panel takes from data: the splits of a task, and how prompts are put and answers read. */
const FROM_DATA: Record<string, readonly string[]> = {
  'word={split}': ['train', 'validation', 'test'],
  'word={config.rendering.style}': ['chat', 'completion'],
  'word={config.rendering.read}': ['choose', 'decode', 'grammar'],
};

test('every word of the glossary explains something on the page', () => {
  const used = new Set([
    ...[...sources.matchAll(/\bword="([^"]+)"/g)].map((match) => match[1]),
    ...[...sources.matchAll(/\bglossary(?:\.(\w+)|\['([^']+)'\])/g)].map((match) => match[1] ?? match[2]),
    ...Object.entries(FROM_DATA).flatMap(([how, words]) => (sources.includes(how) ? words : [])),
  ]);
  expect(Object.keys(glossary).filter((word) => !used.has(word))).toEqual([]);
});
