import { describe, expect, test } from 'vitest';
import { backup } from '../../src/storage/backup.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { restore } from '../../src/storage/restore.ts';
import { exportRun } from '../../src/storage/transfer.ts';
import { makeRng } from '../../src/core/rng.ts';
import { backupContract, contents, fill, unpacked } from './backup-contract.ts';
import { rejection } from './contract.ts';
import { effects, experiment, record, task } from './records.ts';

describe('over memory', () => {
  backupContract(async () => memoryStore());
});

/** A small one, as text. */
async function smallBackup(): Promise<string> {
  const store = memoryStore();
  await store.addRun(record(), effects(5));
  await store.saveTask(task());
  await store.saveExperiment(experiment());
  await store.saveSetting('prompt-tags', { a: ['good'] });
  return unpacked((await backup(store)).file);
}

async function refused(text: BlobPart): Promise<string> {
  const store = memoryStore();
  const { fault, message } = await rejection(restore(store, new Blob([text])));
  expect(fault).toBe('broken');
  expect(await contents(store)).toStrictEqual(await contents(memoryStore()));
  return message;
}

test('a backup of the first format is read for ever', async () => {
  // Written by hand to docs/backup.md; its sums are from sha256sum.
  const lines = [
    '{"format":"whetstone-backup","version":1,"schema":5,"made":"2026-11-21T19:00:00.000Z"}',
    '{"sum":"94a4c3f568d4f5d51570d74f9f0d50d8c2c9afc23a3cecbd05375b03ca219e63"}',
    '{"setting":"prompt-tags","value":{"a":["good"]}}',
    '{"sum":"f5cf75ecb2885c8bff14c9f8693c5846e3dd6be6bf8f277638071687dd1ea95b"}',
    '{"end":{"runs":0,"tasks":0,"experiments":0,"settings":1,"vectors":0}}',
    '{"sum":"f66a80bd094bae76804d5fc59ee177b48752ced8048b50b6bd7b0386e1f8b7f1"}',
  ];
  const store = memoryStore();
  await restore(store, new Blob([`${lines.join('\n')}\n`]));
  expect(await store.setting('prompt-tags')).toEqual({ a: ['good'] });
});

describe('a file that is no backup is refused, naming the place, and changes nothing', () => {
  test('of another kind', async () => {
    expect(await refused('')).toMatch(/it is empty/);
    expect(await refused('hello')).toMatch(/not a backup saved by Whetstone/);
    expect(await refused('{"format":"other","version":1}\n')).toMatch(/not a backup saved by Whetstone/);
    expect(await refused(await exportRun(record(), effects(3)))).toMatch(/not a backup saved by Whetstone/);
  });

  test('of a newer version', async () => {
    const text = await smallBackup();
    expect(await refused(text.replace('"version":1', '"version":2'))).toMatch(/version 2.*reload the page/);
  });

  test('with a changed line, one too few, one too many or in another order', async () => {
    const lines = (await smallBackup()).trimEnd().split('\n');
    const at = lines.findIndex((line) => line.startsWith('{"effect"'));
    const other = lines.with(at, lines[at]?.replace('red 0', 'red 9') ?? '');
    expect(other).not.toEqual(lines);
    expect(await refused(other.join('\n'))).toMatch(/lines \d+ to \d+ are not what was saved/);
    expect(await refused(lines.toSpliced(at, 1).join('\n'))).toMatch(/not what was saved/);
    expect(await refused(lines.toSpliced(at, 0, lines[at] ?? '').join('\n'))).toMatch(/not what was saved/);
    // A whole section less, or two in turn: the sums no longer follow.
    const setting = lines.findIndex((line) => line.startsWith('{"setting"'));
    expect(await refused(lines.toSpliced(setting, 2).join('\n'))).toMatch(/not what was saved/);
    const [one = '', sum = ''] = lines.slice(setting, setting + 2);
    expect(
      await refused(
        lines
          .toSpliced(setting, 2)
          .toSpliced(setting + 4, 0, one, sum)
          .join('\n'),
      ),
    ).toMatch(/not what was saved/);
    expect(await refused(lines.slice(0, -2).join('\n'))).toMatch(/its end is missing/);
    expect(await refused(lines.slice(0, -1).join('\n'))).toMatch(/its end is missing/);
  });

  test('with any byte of the packed file changed, or cut at any place', { timeout: 120_000 }, async () => {
    const store = memoryStore();
    await store.addRun(record(), effects(5));
    const bytes = new Uint8Array(await (await backup(store)).file.arrayBuffer());
    const rng = makeRng(7, 'bytes');
    let told = 0;
    for (let i = 0; i < 150; i++) {
      const at = rng.below(bytes.length);
      const changed = bytes.with(at, (bytes[at] ?? 0) ^ (1 << rng.below(8)));
      for (const damaged of [changed, bytes.slice(0, at)]) {
        const empty = memoryStore();
        try {
          await restore(empty, new Blob([damaged]));
          // A byte that gzip does not look at, such as the name of the system.
          expect(await contents(empty)).toStrictEqual(await contents(store));
        } catch (error) {
          told += 1;
          expect(error).toMatchObject({ name: 'StorageError', fault: 'broken' });
          expect(await contents(empty)).toStrictEqual(await contents(memoryStore()));
        }
      }
    }
    expect(told).toBeGreaterThan(280);
  });
});

test('a record that cannot be read is told and left out, and the rest is saved', async () => {
  const store = memoryStore();
  await fill(store);
  const bad = { ...store, run: (id: string) => store.run(id) };
  const { runs } = store;
  bad.runs = async () => {
    const found = await runs();
    const broken = await rejection(restore(memoryStore(), new Blob(['x'])));
    return { items: found.items.slice(0, 1), problems: [broken] };
  };
  const { counts, problems } = await backup(bad);
  expect(counts.runs).toBe(1);
  expect(problems).toHaveLength(1);
});
