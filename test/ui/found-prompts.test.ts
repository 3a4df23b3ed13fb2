import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RunSummary } from '../../src/app/types.ts';
import { foundPrompts, matching, promptsAs, readTags, tagKey } from '../../src/ui/found-prompts.ts';

const run = (id: string, part: Partial<RunSummary> = {}): RunSummary => ({
  id,
  task: 'reviews',
  taskName: 'Movie reviews',
  optimizer: 'gpo',
  target: 'a',
  started: 0,
  status: 'finished',
  steps: 1,
  bestScore: 0.5,
  bestPrompt: 'Be fair.',
  verdict: null,
  ...part,
});

describe('prompts found', () => {
  test('are one entry a task and prompt, newest run first; a run without one has none', () => {
    const found = foundPrompts(
      [
        run('old', { started: 1 }),
        run('none', { started: 4, bestPrompt: null }),
        run('new', { started: 3 }),
        run('other', { started: 2, task: 'mail', taskName: 'Mail' }),
      ],
      { [tagKey('mail', 'Be fair.')]: ['short'] },
    );
    expect(found.map(({ task, runs, tags }) => [task, runs.map(({ id }) => id), tags])).toEqual([
      ['reviews', ['new', 'old'], []],
      ['mail', ['other'], ['short']],
    ]);
  });

  test('are found by words in any order and case, and by tags', () => {
    const found = foundPrompts(
      [run('a', { bestPrompt: 'Decide the Opinion' }), run('b', { bestPrompt: 'Name the film' })],
      { [tagKey('reviews', 'Name the film')]: ['class demo'] },
    );
    const prompts = (query: string) => matching(found, query).map(({ prompt }) => prompt);
    expect(prompts('opinion DECIDE')).toEqual(['Decide the Opinion']);
    expect(prompts('movie the')).toHaveLength(2);
    expect(prompts('#class')).toEqual(['Name the film']);
    expect(prompts('#the')).toEqual([]);
    expect(prompts('  ')).toHaveLength(2);
  });

  test('tags are read from what was typed', () => {
    expect(readTags(' good,, #class   demo ,good,')).toEqual(['good', 'class demo']);
    expect(readTags('')).toEqual([]);
  });
});

describe('exported prompts', () => {
  const one = foundPrompts([run('a', { bestPrompt: 'Use ```code``` here', verdict: 'better' })], {});

  test('as text, JSON and Markdown', () => {
    expect(promptsAs('text', [...one, ...one])).toBe('Use ```code``` here\n\n---\n\nUse ```code``` here\n');
    expect(JSON.parse(promptsAs('json', one))).toMatchObject([
      { prompt: 'Use ```code``` here', task: 'reviews', runs: [{ id: 'a', score: 0.5, verdict: 'better' }] },
    ]);
    expect(promptsAs('markdown', one)).toBe(
      '## Movie reviews\n\n````text\nUse ```code``` here\n````\n\n- gpo, 50 % in the search, better on unseen examples\n',
    );
  });

  test('no prompt ends its own fence', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('`', 'a', '\n', ' ') }), (bestPrompt) => {
        const text = promptsAs('markdown', foundPrompts([run('a', { bestPrompt })], {}));
        const fence = /^(`{3,})text$/m.exec(text)?.[1] ?? '';
        const from = text.indexOf(`${fence}text\n`) + fence.length + 5;
        expect(text.slice(from, from + bestPrompt.length)).toBe(bestPrompt);
        expect(bestPrompt.includes(fence)).toBe(false);
      }),
    );
  });
});
