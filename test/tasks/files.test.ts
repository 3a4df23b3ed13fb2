import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bundledTask, bundledTasks } from '../../src/app/bundled-tasks.ts';
import { parseTask, taskText } from '../../src/app/task-file.ts';
import { extract } from '../../src/core/extract.ts';
import { scoreAnswer } from '../../src/core/metrics.ts';
import type { Example, Task } from '../../src/core/task.ts';

const folder = new URL('../../tasks/', import.meta.url);
const ids = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.slice(0, -'.json'.length));
const source = (id: string) => readFileSync(new URL(`${id}.json`, folder), 'utf8');
const examplesOf = ({ splits }: Task) => [...splits.train, ...splits.validation, ...splits.test];

/** How often each gold answer stands in a list of examples. */
function counts(examples: readonly Example[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const { gold } of examples) found.set(gold.join(), (found.get(gold.join()) ?? 0) + 1);
  return found;
}

test('the list of bundled tasks says what the files say', async () => {
  expect(bundledTasks.map((task) => task.id).toSorted()).toEqual(ids);
  for (const { id, name, description, examples } of bundledTasks) {
    const task = await bundledTask(id);
    expect(
      task && { name: task.name, description: task.description, examples: examplesOf(task).length },
    ).toEqual({
      name,
      description,
      examples,
    });
  }
});

test('no task is bundled under another name', async () => {
  for (const id of ['', 'constructor', '../package', 'movie-reviews.json'])
    expect(await bundledTask(id)).toBeNull();
});

test("the README's example is a task", () => {
  const readme = readFileSync(new URL('README.md', folder), 'utf8');
  const block = /```json\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  expect(parseTask(block).id).toBe('weather-words');
});

describe.each(ids)('%s', (id) => {
  const text = source(id);
  const task = parseTask(text);
  const examples = examplesOf(task);

  test('is named after its file and written as the program writes it; the page takes it as it is', async () => {
    expect(task.id).toBe(id);
    expect(taskText(task)).toBe(text);
    expect(await bundledTask(id)).toEqual(task);
  });

  test('has at least 150 examples, no two alike, and enough for a final test', () => {
    expect(examples.length).toBeGreaterThanOrEqual(150);
    expect(task.splits.test.length).toBeGreaterThanOrEqual(80);
    const bare = examples.map((example) => example.input.toLowerCase().replace(/\s+/g, ' ').trim());
    expect(new Set(bare).size).toBe(examples.length);
  });

  test('shares out closed answers evenly, in whole splits and in their first halves', () => {
    const { kind } = task.metric;
    if (kind !== 'choice' && kind !== 'boolean') return;
    for (const split of Object.values(task.splits)) {
      const whole = counts(split);
      expect(new Set(whole.values()).size, `${id} ${split.length}`).toBe(1);
      const half = [...counts(split.slice(0, split.length / 2)).values()];
      expect(half).toHaveLength(whole.size);
      expect(Math.max(...half) - Math.min(...half)).toBeLessThanOrEqual(1);
    }
  });

  test('scores its own gold answers as right, also in a sentence, and other answers as wrong', () => {
    if (task.metric.kind === 'rules') return;
    examples.forEach(({ input, gold }, i) => {
      for (const answer of gold) {
        for (const reply of [answer, ` ${answer}\n`, `The answer is ${answer}.`])
          expect(scoreAnswer(task.metric, extract(task.metric, reply, input), gold), reply).toBe(1);
      }
      const other = examples.find((example, j) => j > i && example.gold[0] !== gold[0])?.gold[0];
      if (other) expect(scoreAnswer(task.metric, extract(task.metric, other, input), gold)).toBeLessThan(1);
    });
  });
});

test('hand-written texts do not resemble each other', () => {
  const words = (input: string) => new Set(input.toLowerCase().match(/[\p{L}\d']+/gu) ?? []);
  for (const id of ['movie-reviews', 'support-tickets']) {
    const all = examplesOf(parseTask(source(id))).map(({ id, input }) => ({ id, words: words(input) }));
    all.forEach((a, i) => {
      for (const b of all.slice(i + 1)) {
        const shared = [...a.words].filter((word) => b.words.has(word)).length;
        const share = shared / (a.words.size + b.words.size - shared);
        expect(share, `${a.id} and ${b.id}`).toBeLessThan(0.5);
      }
    });
  }
});
