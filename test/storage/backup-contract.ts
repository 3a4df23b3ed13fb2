import { expect, test } from 'vitest';
import { backup } from '../../src/storage/backup.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { restore } from '../../src/storage/restore.ts';
import type { Store } from '../../src/storage/store.ts';
import { rejection } from './contract.ts';
import { effect, effects, experiment, record, task } from './records.ts';

/** Everything that a store can hold, of each kind more than one piece. */
export async function fill(store: Store): Promise<void> {
  const train = Array.from({ length: 1203 }, (_, i) => ({ id: `t${i}`, input: `thing ${i}`, gold: ['red'] }));
  const large = { ...task('large', 'Large'), splits: { ...task().splits, train } };
  await store.saveTask(task());
  await store.saveTask(large);
  await store.addRun(record('run-1', 1), effects(4300));
  await store.addRun({ ...record('run-2', 2), task: large }, effects(12));
  await store.saveExperiment(experiment('e1', 10));
  await store.saveVectors('bge', [
    { text: 'one', vector: new Float32Array([1, -0, NaN]) },
    { text: 'two', vector: new Float32Array([2, 0.1, Infinity]) },
  ]);
  await store.saveSetting('prompt-tags', { a: ['good'], b: ['short', 'odd'] });
  await store.saveSetting('custom-models', [
    { kind: 'gguf', name: 'Mine', url: 'https://example.org/m.gguf' },
  ]);
}

/** What a reader of the store sees, whatever the store is. */
export async function contents(store: Store): Promise<unknown> {
  const runs = await store.runs();
  const tasks = await store.tasks();
  return {
    runs: await Promise.all(
      runs.items.map(async ({ id }) => [await store.run(id), await store.loadEffects(id)]),
    ),
    tasks: await Promise.all(tasks.items.map(({ id }) => store.task(id))),
    experiments: await store.experiments(),
    vectors: await store.vectors('bge', ['one', 'two']),
    settings: [...(await store.settings())].toSorted(([a], [b]) => a.localeCompare(b)),
    problems: [...runs.problems, ...tasks.problems],
  };
}

/** What a backup and its restore keep to, over any store. */
export function backupContract(fresh: () => Promise<Store>): void {
  test('everything comes back as it was, in an empty store', async () => {
    const mine = await fresh();
    await fill(mine);
    const { file, counts, problems } = await backup(mine);
    expect(counts).toEqual({ runs: 2, tasks: 2, experiments: 1, settings: 2, vectors: 2 });
    expect(problems).toEqual([]);
    const other = await fresh();
    const told: number[] = [];
    const { added, kept, renamed } = await restore(other, file, new Set(), (share) => told.push(share));
    expect(added).toEqual(counts);
    expect(kept).toEqual({ runs: 0, tasks: 0, experiments: 0, settings: 0, vectors: 0 });
    expect(renamed).toEqual([]);
    expect(await contents(other)).toStrictEqual(await contents(mine));
    expect(told.at(-1)).toBe(1);
    // The restored run goes on as any other.
    await other.appendEffects('run-2', 12, [effect(12)]);
    expect((await other.loadEffects('run-2')).items).toStrictEqual(effects(13));
  });

  test('a second restore changes nothing', async () => {
    const mine = await fresh();
    await fill(mine);
    const before = await contents(mine);
    const { file } = await backup(mine);
    const { added, kept, renamed } = await restore(mine, file);
    expect({ ...added, vectors: 0 }).toEqual({ runs: 0, tasks: 0, experiments: 0, settings: 0, vectors: 0 });
    expect(kept).toMatchObject({ runs: 2, tasks: 2, experiments: 1, settings: 2 });
    expect(renamed).toEqual([]);
    expect(await contents(mine)).toStrictEqual(before);
  });

  test('what is here with other content stays, and the other comes beside it under a new id', async () => {
    const there = await fresh();
    await fill(there);
    await there.saveExperiment({
      ...experiment('e2', 5),
      design: { ...experiment().design, name: 'Another' },
    });
    const { file } = await backup(there);

    const here = await fresh();
    await here.addRun(record('run-1', 1), [effect(9), effect(8)]);
    await here.saveTask(task('colours', 'My own colours'));
    await here.saveExperiment(experiment('e2', 5));
    await here.saveSetting('prompt-tags', { b: ['mine'], c: ['long'] });
    await here.saveSetting('custom-models', []);
    const { added, kept, renamed } = await restore(here, file, new Set(['large']));
    expect(added).toMatchObject({ runs: 2, tasks: 2, experiments: 2, settings: 2 });
    expect(kept).toMatchObject({ runs: 0, tasks: 0, experiments: 0 });
    expect(renamed.toSorted()).toEqual([
      'the experiment Another',
      'the run on Colours of 1970-01-01',
      'the task Colours',
      'the task Large',
    ]);
    expect((await here.loadEffects('run-1')).items).toStrictEqual([effect(9), effect(8)]);
    expect((await here.task('colours'))?.name).toBe('My own colours');
    const other = (await here.runs()).items.find(({ id }) => id !== 'run-1' && id !== 'run-2');
    expect((await here.loadEffects(other?.id ?? '')).items).toStrictEqual(effects(4300));
    expect((await here.task('colours-2'))?.name).toBe('Colours');
    expect((await here.task('large-2'))?.splits.train).toHaveLength(1203);
    // Its cells find the run under its new id.
    const e1 = (await here.experiments()).items.find(({ id }) => id === 'e1');
    expect(e1?.cells[0]?.run).toBe(other?.id);
    expect(await here.setting('prompt-tags')).toEqual({
      a: ['good'],
      b: ['mine', 'short', 'odd'],
      c: ['long'],
    });
    expect(await here.setting('custom-models')).toHaveLength(1);
  });

  test('a run that has gone on here since stays as it is', async () => {
    const store = await fresh();
    await store.addRun(record('run-1', 1), effects(5));
    const { file } = await backup(store);
    await store.appendEffects('run-1', 5, [effect(5)]);
    await store.saveRun({ ...record('run-1', 1), status: 'finished' });
    const { kept, added } = await restore(store, file);
    expect([kept.runs, added.runs]).toEqual([1, 0]);
    expect((await store.loadEffects('run-1')).items).toStrictEqual(effects(6));
    expect((await store.run('run-1'))?.status).toBe('finished');
  });

  test('a file that is damaged in its last line changes nothing', async () => {
    const mine = memoryStore();
    await fill(mine);
    const text = await unpacked((await backup(mine)).file);
    const here = await fresh();
    await here.addRun(record('run-7', 7), effects(3));
    const before = await contents(here);
    const cut = new Blob([text.slice(0, -10)]);
    expect((await rejection(restore(here, cut))).fault).toBe('broken');
    expect(await contents(here)).toStrictEqual(before);
    await here.addRun(record('run-1', 1), effects(2));
  });
}

export const unpacked = (file: Blob) =>
  new Response(file.stream().pipeThrough(new DecompressionStream('gzip'))).text();
