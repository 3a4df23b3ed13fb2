import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildTask } from '../../../src/app/import/build.ts';
import { guessPlan } from '../../../src/app/import/guess.ts';
import { readSources, type Source } from '../../../src/app/import/read.ts';
import { taskId } from '../../../src/app/import/settings.ts';
import { checkTask, parseTask, taskText } from '../../../src/app/task-file.ts';
import type { Metric } from '../../../src/core/task.ts';

/**
 * Every file of a folder of published data sets, five JSONL files a task: train, eval, test, format and
 * few_shot_examples. WHETSTONE_DATA names the folder; without it these tests are skipped.
 */
const root = process.env.WHETSTONE_DATA ?? '';
const present = root !== '' && existsSync(root);
if (!present) console.log('Skipped: set WHETSTONE_DATA to a folder with bbh, mmlu, gsm8k, wsc and webnlg.');

const files = present
  ? readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.jsonl'))
  : [];
const folders = [...new Set(files.map((path) => join(path, '..')))].filter((path) => path !== '.').sort();

const bytes = (path: string) => new Uint8Array(readFileSync(join(root, path)));
/** Lines that hold something, counted without the program's own reader. */
const lines = (path: string) =>
  readFileSync(join(root, path), 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '');

const boolean = (yes: string, no: string): Metric => ({ kind: 'boolean', yes, no });
const METRICS: Readonly<Record<string, Metric>> = {
  'bbh/boolean_expressions': boolean('True', 'False'),
  'bbh/causal_judgement': boolean('Yes', 'No'),
  'bbh/date_understanding': { kind: 'choice' },
  'bbh/dyck_languages': { kind: 'exact' },
  'bbh/movie_recommendation': { kind: 'choice' },
  'bbh/navigate': boolean('Yes', 'No'),
  'bbh/object_counting': { kind: 'number', decimals: 0 },
  'bbh/word_sorting': { kind: 'exact' },
  'mmlu/abstract_algebra': { kind: 'choice' },
  'mmlu/anatomy': { kind: 'choice' },
  'mmlu/astronomy': { kind: 'choice' },
  gsm8k: { kind: 'number', decimals: 0 },
  wsc: { kind: 'choice' },
  webnlg: { kind: 'rouge-l' },
};

describe.skipIf(!present)('published data sets', () => {
  test('are all there', () => {
    expect(files.length).toBeGreaterThan(0);
    expect(folders.filter((folder) => !(folder in METRICS))).toEqual([]);
  });

  test.each(files)('%s: one row a line', (path) => {
    const table = readSources([{ path, bytes: bytes(path) }], {});
    expect(table.faults).toEqual([]);
    expect(table.rows).toHaveLength(lines(path).length);
    if (path.includes('found-prompts')) {
      // Prompts without answers: nothing is taken for one.
      expect(guessPlan(table).plan.mapping).toMatchObject({ input: 'prompt', gold: null });
      return;
    }
    const { plan } = guessPlan(table);
    expect(plan.mapping.input).toBe('input');
    expect(['target', 'output']).toContain(plan.mapping.gold);
  });

  test.each(folders)('%s: splits, answers and metric', (folder) => {
    const sources: Source[] = files
      .filter((path) => join(path, '..') === folder)
      .map((path) => ({ path: relative('.', path), bytes: bytes(path) }));
    const table = readSources(sources, {});
    const { plan, why } = guessPlan(table);
    expect(plan.settings.metric, why).toEqual(METRICS[folder]);
    const built = buildTask(table, plan);
    expect(built.stops).toEqual([]);
    const count = (name: string) => lines(join(folder, `${name}.jsonl`)).length;
    const { train, validation, test } = built.splits;
    expect({ train: train.length, validation: validation.length, test: test.length }).toEqual({
      train: count('train') - gone('train'),
      validation: count('eval') - gone('eval'),
      test: count('test') - gone('test'),
    });
    expect(built.leftOut).toBe(count('format') + count('few_shot_examples'));
    // One movie's title has a comma, at which the published options and answer were split.
    expect(built.badRows).toBe(folder === 'bbh/movie_recommendation' ? 1 : 0);
    expect(built.copies).toHaveLength(folder === 'bbh/causal_judgement' ? 2 : 0);
    for (const copy of built.copies) expect(copy.keptSplit).toBe('test');

    function gone(name: string): number {
      const places = [
        ...built.copies.map(({ left }) => left),
        ...new Set(built.faults.map(({ where }) => where)),
      ];
      return places.filter((place) => place.endsWith(` of ${name}.jsonl`)).length;
    }

    // Gold in each, word for word as the file has it.
    const golds = new Map(
      ['train', 'eval', 'test'].flatMap((name) =>
        lines(join(folder, `${name}.jsonl`)).map((line) => {
          const row = JSON.parse(line) as Record<string, unknown>;
          const gold = row.target ?? row.output;
          return [row.input, (Array.isArray(gold) ? gold : [gold]).map(String)] as const;
        }),
      ),
    );
    for (const { input, gold } of [...train, ...validation, ...test]) {
      expect(gold.length).toBeGreaterThan(0);
      if (built.repeats === 0) expect(gold).toEqual(golds.get(input));
    }

    const settings = { ...plan.settings, id: taskId(plan.settings.name, []) };
    const task = checkTask({ version: 1, ...settings, splits: built.splits });
    expect(parseTask(taskText(task))).toEqual(task);
    expect(task.id).toBe(basename(folder).replaceAll('_', '-'));
  });
});
