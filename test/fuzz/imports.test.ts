/** More than ten thousand broken files and links: none may crash a reader, come in part, or be refused without a place. */
import fc from 'fast-check';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { buildTask } from '../../src/app/import/build.ts';
import { checkedOf, previewOf, taskOf } from '../../src/app/import/check.ts';
import { readSources } from '../../src/app/import/read.ts';
import { ImportError } from '../../src/app/import/table.ts';
import { loadMethod } from '../../src/app/methods.ts';
import { openedBundle } from '../../src/app/recordings.ts';
import { readLink, writeLink, type SharedSetup } from '../../src/app/setup-link.ts';
import { exportPieces, type TaskFormat } from '../../src/app/task-export.ts';
import { parseTask, TaskError, taskText } from '../../src/app/task-file.ts';
import type { Task } from '../../src/core/task.ts';
import { opro } from '../../src/optimizers/opro.ts';
import { backup, chainedSum } from '../../src/storage/backup.ts';
import { StorageError } from '../../src/storage/errors.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { restore } from '../../src/storage/restore.ts';
import type { RunRecord } from '../../src/storage/schema.ts';
import { exportRun } from '../../src/storage/transfer.ts';
import { configFor, play, tinyTask } from '../optimizers/harness.ts';
import { contents, unpacked } from '../storage/backup-contract.ts';
import {
  effects as someEffects,
  experiment,
  record as someRecord,
  task as someTask,
} from '../storage/records.ts';
import { anyText, broken, breaks, changed, changes } from './nasty.ts';

// Seconds each where the machine has nothing else to do.
vi.setConfig({ testTimeout: 240_000 });

/** What became of the broken ones, by kind. A change may leave a file good: then it must come in whole. */
const met = new Map<string, { refused: number; faulty: number; good: number }>();

function note(kind: string, outcome: 'refused' | 'faulty' | 'good') {
  const counts = met.get(kind) ?? { refused: 0, faulty: 0, good: 0 };
  counts[outcome] += 1;
  met.set(kind, counts);
}

afterAll(() => {
  const rows = [...met].map(([kind, { refused, faulty, good }]) => {
    return `${kind}: ${refused} refused, ${faulty} taken with faults named, ${good} still good`;
  });
  const malformed = [...met.values()].reduce((sum, { refused, faulty }) => sum + refused + faulty, 0);
  console.info(`${rows.join('\n')}\n${malformed} malformed imports in all`);
  expect(malformed).toBeGreaterThanOrEqual(10_000);
  // Nothing that was read has reached the objects that all others come from.
  expect('polluted' in {}).toBe(false);
});

/** A task that every format can carry, with signs that each of them has to write with care. */
function sample(): Task {
  const words = ['calm', 'angry'];
  const split = (name: string) =>
    Array.from({ length: 4 }, (_, i) => ({
      id: `${name}-${i + 1}`,
      input: `${name} letter ${i}, "quoted"; with | signs\nand a second line é \u{1F345}`,
      gold: [words[i % 2] ?? 'calm'],
    }));
  return {
    ...tinyTask(),
    id: 'letters',
    name: 'Letters',
    metric: { kind: 'choice', options: words },
    splits: { train: split('train'), validation: split('validation'), test: split('test') },
  };
}

const fileOf = (format: TaskFormat) => [...exportPieces(sample(), format)].map(({ text }) => text).join('');

/** Reads a file as the page does, up to the task. What it throws must be one of the import's own errors. */
function imported(name: string, bytes: Uint8Array): 'refused' | 'faulty' | 'good' {
  try {
    const table = readSources([{ path: name, bytes }], {});
    const guessed = previewOf(table).plan;
    const plan = { ...guessed, settings: { ...guessed.settings, id: guessed.settings.id || 'letters' } };
    const built = buildTask(table, plan);
    const checked = checkedOf(built);
    for (const { where, what } of built.faults) {
      expect(where).toMatch(/^(?:row|line|entry) \d+ of .*letters/s);
      expect(what).not.toBe('');
    }
    // Every row is an example, a copy, left out, or named as bad.
    const taken = checked.sizes.train + checked.sizes.validation + checked.sizes.test;
    if (plan.mapping.input !== null && plan.mapping.gold !== null)
      expect(taken + checked.copyCount + checked.leftOut + checked.badRows).toBe(
        table.rows.length + table.faults.length,
      );
    if (checked.stops.length > 0) {
      for (const stop of checked.stops) expect(stop).toMatch(/\w.*\. \S|column/s);
      return 'refused';
    }
    const { splits } = taskOf(table, plan, () => undefined);
    expect(splits.train.length + splits.validation.length + splits.test.length).toBe(taken);
    return checked.faultCount + checked.copyCount > 0 ? 'faulty' : 'good';
  } catch (thrown) {
    if (thrown instanceof TaskError) expectPlaces(thrown);
    else if (thrown instanceof ImportError) {
      expect(thrown.message).toContain('letters');
      expect(thrown.advice).not.toBe('');
    } else throw thrown;
    return 'refused';
  }
}

/** Each line names an example, a field, a line of the text, or the file as a whole. */
function expectPlaces({ message, problems }: TaskError) {
  expect(problems.length).toBeGreaterThan(0);
  for (const line of message.split('\n'))
    expect(line).toMatch(/example \d+|'[^']+'|line \d+, column \d+|^The file |^and \d+ more/);
}

describe('broken files are refused with a place, or come in with every bad row named', () => {
  const encoder = new TextEncoder();
  const byteFlips = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 2 });

  test.each([
    ['letters.csv', 'csv', 2200],
    ['letters.tsv', 'tsv', 1100],
    ['letters.json', 'json', 1100],
    ['letters.jsonl', 'jsonl', 2200],
    ['letters-task.json', 'task', 800],
  ] as const)('%s', (name, format, runs) => {
    const good = fileOf(format);
    expect(imported(name, encoder.encode(good))).toBe('good');
    fc.assert(
      fc.property(breaks, byteFlips, (how, flips) => {
        const bytes = encoder.encode(broken(good, how));
        for (const [at, value] of flips) if (bytes.length > 0) bytes[at % bytes.length] = value;
        note(format, imported(name, bytes));
      }),
      { numRuns: runs },
    );
  });

  test('JSON and JSONL with any value in any place', () => {
    const lists = JSON.parse(fileOf('json')) as unknown;
    const lines = fileOf('jsonl').trim().split('\n');
    fc.assert(
      fc.property(changes, fc.nat(), (how, nth) => {
        note('json', imported('letters.json', encoder.encode(changed(lists, how))));
        const line = nth % lines.length;
        const mixed = lines.map((each, i) => (i === line ? changed(JSON.parse(each), how) : each));
        note('jsonl', imported('letters.jsonl', encoder.encode(mixed.join('\n'))));
      }),
      { numRuns: 800 },
    );
  });

  test('anything at all, under any name', () => {
    const ending = fc.constantFrom('', '.csv', '.tsv', '.json', '.jsonl', '.txt', '.exe');
    fc.assert(
      fc.property(anyText, ending, (text, end) => {
        note('anything', imported(`letters${end}`, encoder.encode(text)));
      }),
      { numRuns: 800 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        note('anything', imported('letters', bytes));
      }),
      { numRuns: 300 },
    );
  });
});

describe('files that take a reader to its limits', () => {
  const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
  const refusal = (name: string, text: string): string => {
    try {
      const table = readSources([{ path: name, bytes: new TextEncoder().encode(text) }], {});
      previewOf(table);
      return table.faults.map(({ where, column, what }) => `${where} ${column ?? ''} ${what}`).join('\n');
    } catch (thrown) {
      if (thrown instanceof ImportError) return thrown.message;
      throw thrown;
    }
  };

  test('a cell of lists within lists is a fault of its row, not of the stack', () => {
    const deep = `{"input": "a", "gold": ${nested(100_000)}}`;
    expect(refusal('a.jsonl', `{"input": "b", "gold": "c"}\n${deep}`)).toBe(
      'line 2 of a.jsonl gold is nested more than 100 levels deep',
    );
    expect(refusal('a.json', `[${deep}]`)).toBe('entry 1 of a.json gold is nested more than 100 levels deep');
  });

  test('a hundred thousand columns, of one name or of many', () => {
    const head = Array.from({ length: 100_000 }, (_, i) => `c${i}`);
    expect(refusal('a.csv', `${head.join(',')}\n1`)).toMatch(/^row 1 of a\.csv has a column .* at most 2000/);
    expect(refusal('a.csv', `${'a,'.repeat(100_000)}\n1`)).toMatch(/^row 1 of a\.csv has a column/);
    const lines = head.map((name) => `{"${name}": 1}`).join('\n');
    expect(refusal('a.jsonl', lines)).toMatch(/^line 2001 of a\.jsonl has a column/);
  });

  test('entries that are no objects are named, also where a whole list of a split is such', () => {
    const text = '{"train": [{"input": "a", "gold": "b"}], "test": ["c", 1]}';
    expect(refusal('a.json', text)).toBe(
      'entry 1 of a.json, test  is not an object in braces\nentry 2 of a.json, test  is not an object in braces',
    );
  });

  test('JSON that breaks off is refused with line and column', () => {
    expect(refusal('a.json', '[{"input": "a",\n "gold": ')).toMatch(
      /a\.json is not valid JSON: line 2, column 10/,
    );
    expect(refusal('a.jsonl', '{"input": 1}\n{"input" 2}')).toContain(
      'line 2 of a.jsonl  is not valid JSON; the file may be cut off here (column 10: a colon was expected)',
    );
  });
});

describe('task files', () => {
  test('are taken whole or refused with a place', () => {
    const good = taskText(sample());
    expect(parseTask(good)).toEqual(sample());
    const judge = (text: string) => {
      try {
        const task = parseTask(text);
        expect(parseTask(taskText(task))).toEqual(task);
        note('task files', 'good');
      } catch (thrown) {
        if (!(thrown instanceof TaskError)) throw thrown;
        expectPlaces(thrown);
        note('task files', 'refused');
      }
    };
    fc.assert(
      fc.property(breaks, (how) => judge(broken(good, how))),
      { numRuns: 800 },
    );
    const tree = JSON.parse(good) as unknown;
    fc.assert(
      fc.property(changes, (how) => judge(changed(tree, how))),
      { numRuns: 1000 },
    );
  });
});

describe('run bundles', () => {
  const replies = () => '<INS>Judge the letter with care.</INS>';
  const config = configFor(opro, { options: { steps: 1, candidates: 2 }, budget: { steps: 1 } });

  async function bundle() {
    const { log, error } = await play({ optimizer: opro, config, replies });
    expect(error).toBeNull();
    const record: RunRecord = {
      id: 'first',
      config,
      task: tinyTask(),
      started: 1,
      status: 'finished',
      steps: 1,
      bestScore: 1,
      bestPrompt: 'Judge.',
      verdict: 'better',
      effects: log.length,
    };
    return { record, effects: log };
  }

  const judge = async (file: Blob) => {
    try {
      const { record, events } = await openedBundle(file, loadMethod);
      expect(events.length).toBeGreaterThan(0);
      expect(record.id).toBeTypeOf('string');
      note('run bundles', 'good');
    } catch (thrown) {
      if (!(thrown instanceof StorageError)) throw thrown;
      expect(thrown.fault).toBe('broken');
      expect(thrown.advice).not.toBe('');
      expect(thrown.message).toMatch(
        /record|effects|hashes|line \d+, column \d+|not a run saved|cannot be read: \S+: |format is version|cut short or damaged after|examples are/,
      );
      note('run bundles', 'refused');
    }
  };

  test('packed, with bytes changed', async () => {
    const { record, effects } = await bundle();
    const good = new Uint8Array(await (await exportRun(record, effects)).arrayBuffer());
    const flips = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(flips, fc.option(fc.nat()), async (bits, cut) => {
        const bytes = good.slice(0, cut === null ? good.length : cut % good.length);
        for (const [at, value] of bits) if (bytes.length > 0) bytes[at % bytes.length] = value;
        await judge(new Blob([bytes]));
      }),
      { numRuns: 300 },
    );
  });

  test('as text and as values, with no hash to tell', async () => {
    const { record, effects } = await bundle();
    const tree = { format: 'whetstone-run', version: 1, record, effects };
    const good = JSON.stringify(tree, null, 1);
    await judge(new Blob([good]));
    expect(met.get('run bundles')?.good).toBeGreaterThan(0);
    await fc.assert(
      fc.asyncProperty(breaks, (how) => judge(new Blob([broken(good, how)]))),
      { numRuns: 400 },
    );
    await fc.assert(
      fc.asyncProperty(changes, (how) => judge(new Blob([changed(tree, how)]))),
      { numRuns: 800 },
    );
  });
});

describe('backups', () => {
  async function smallBackup(): Promise<string> {
    const store = memoryStore();
    await store.addRun(someRecord(), someEffects(5));
    await store.saveTask(someTask());
    await store.saveExperiment(experiment());
    await store.saveSetting('prompt-tags', { a: ['good'] });
    return unpacked((await backup(store)).file);
  }

  /** All of it or nothing, and where it is not all, the line. */
  async function judge(text: string) {
    const store = memoryStore();
    try {
      const { added } = await restore(store, new Blob([text]));
      expect((await store.runs()).items).toHaveLength(added.runs);
      expect((await store.tasks()).items).toHaveLength(added.tasks);
      expect((await store.settings()).size).toBe(added.settings);
      note('backups', 'good');
    } catch (thrown) {
      if (!(thrown instanceof StorageError)) throw thrown;
      expect(thrown.fault).toBe('broken');
      expect(thrown.message).toMatch(
        /lines? \d+|not a backup saved|it is empty|version|cut short|twice|lacks|holds/,
      );
      expect(await contents(store)).toStrictEqual(await contents(memoryStore()));
      note('backups', 'refused');
    }
  }

  test('with signs changed', async () => {
    const good = await smallBackup();
    await judge(good);
    expect(met.get('backups')?.good).toBe(1);
    await fc.assert(
      fc.asyncProperty(breaks, (how) => judge(broken(good, how))),
      { numRuns: 500 },
    );
  });

  test('with any value in any place, and sums that are right all the same', async () => {
    const lines = (await smallBackup()).trim().split('\n');
    await fc.assert(
      fc.asyncProperty(fc.nat(), changes, async (nth, how) => {
        const sum = chainedSum();
        const text: string[] = [];
        const content = lines.filter((line) => !line.startsWith('{"sum"'));
        const hit = content[nth % content.length];
        for (const line of lines) {
          const now = line.startsWith('{"sum"')
            ? JSON.stringify({ sum: await sum.sum() })
            : line === hit
              ? changed(JSON.parse(line), how)
              : line;
          if (!line.startsWith('{"sum"')) await sum.add(now);
          text.push(now);
        }
        await judge(`${text.join('\n')}\n`);
      }),
      { numRuns: 500 },
    );
  });
});

describe('links with a set-up', () => {
  const setup: SharedSetup = {
    task: 'letters',
    examples: '0123456789abcdef',
    method: 'opro',
    options: { steps: 3, candidates: 4 },
    prompts: { chat: 'Write a better one than {current}.' },
    initialPrompt: 'Judge the letter.',
    target: 'wllama:small',
    optimizer: 'wllama:small',
    rendering: { style: 'chat', position: 'before', read: 'decode', maxTokens: 8 },
    metaStyle: 'chat',
    budget: { steps: 3, targetCalls: 1000 },
    limits: { train: 8 },
    seed: 7,
    racing: { test: 'sign', alpha: 0.05, block: 10, minBlocks: 1 },
    freshReplies: true,
    checkReading: true,
    robustness: { paraphrases: 2, shuffles: 2 },
  };

  const written = async (of: typeof setup) => (await writeLink(of)) ?? expect.fail('it is too long');

  /** What a link gives is a part of the form that can be written again, and what it lacks is told. */
  async function judge(link: string) {
    const { setup: read, notes } = await readLink(link);
    for (const said of notes) expect(said).toMatch(/\w.*\.$/s);
    if (read === null) {
      expect(notes).toHaveLength(1);
      note('links', 'refused');
      return;
    }
    expect(Object.keys(setup)).toEqual(expect.arrayContaining(Object.keys(read)));
    expect(await readLink(await written({ ...setup, ...read }))).toMatchObject({ setup: read, notes: [] });
    note('links', notes.length > 0 ? 'faulty' : 'good');
  }

  const packed = async (json: string, version = '1') => {
    const stream = new Blob([json]).stream().pipeThrough(new CompressionStream('deflate-raw'));
    return `${version}.${Buffer.from(await new Response(stream).arrayBuffer()).toString('base64url')}`;
  };

  test('with signs changed, or anything else behind the hash', async () => {
    const good = await written(setup);
    expect(await readLink(good)).toEqual({ setup, notes: [] });
    await fc.assert(
      fc.asyncProperty(breaks, (how) => judge(broken(good, how))),
      { numRuns: 800 },
    );
    await fc.assert(fc.asyncProperty(anyText, judge), { numRuns: 300 });
  });

  test('with any value in any part', async () => {
    const bytes = Buffer.from((await written(setup)).slice(2), 'base64url');
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
    const tree = JSON.parse(await new Response(stream).text()) as unknown;
    await fc.assert(
      fc.asyncProperty(changes, fc.constantFrom('1', '1', '2', '999999'), async (how, version) =>
        judge(await packed(changed(tree, how), version)),
      ),
      { numRuns: 800 },
    );
  });
});
