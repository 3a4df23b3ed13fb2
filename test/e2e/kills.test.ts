import type { Page } from 'playwright';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Killed } from '../kept/kills.ts';
import { asked, begin, ended, holdAt, tab, told, whole } from './kept-page.ts';
import { kill, runIds } from './open.ts';

/** Another one gives other moments: `KILL_SEED=7 npm test -- e2e`. */
const SEED = Number(process.env.KILL_SEED ?? 20261121);

describe(`kills at random moments (seed ${SEED})`, () => {
  const PATIENCE = 300_000;
  let page: Page;
  beforeEach(async () => {
    page = await tab(0);
  });
  function report(what: string, { tried, midway, faults }: Killed, began: number) {
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    console.info(`${what}: ${tried} kills, ${midway} of them midway, ${faults.length} faults, ${seconds} s`);
    expect(faults).toEqual([]);
  }

  test(
    '140 of a worker with a run: at an ask, a score, a write or a save',
    { timeout: PATIENCE },
    async () => {
      const began = performance.now();
      const killed = await page.evaluate((seed) => kept.killRuns(140, seed), SEED);
      report('Runs', killed, began);
      expect(killed.tried).toBe(140);
      expect(killed.midway).toBeGreaterThan(100);
    },
  );

  test('20 in an upgrade of the database', { timeout: PATIENCE }, async () => {
    const began = performance.now();
    const killed = await page.evaluate((seed) => kept.killUpgrades(20, seed), SEED);
    report('Upgrades', killed, began);
    expect(killed.midway).toBeGreaterThan(0);
  });

  test('20 in an import of a run or a task', { timeout: PATIENCE }, async () => {
    const began = performance.now();
    const killed = await page.evaluate((seed) => kept.killImports(20, seed), SEED);
    report('Imports', killed, began);
    expect(killed.midway).toBeGreaterThan(0);
  });

  test('20 in a restore of a backup', { timeout: PATIENCE }, async () => {
    const began = performance.now();
    const killed = await page.evaluate((seed) => kept.killRestores(20, seed), SEED);
    report('Restores', killed, began);
    expect(killed.midway).toBeGreaterThan(0);
  });

  test('a tab killed six times in one run', { timeout: PATIENCE }, async () => {
    const expected = await whole(5);
    let current = await tab(2);
    const id = await begin(current, 5, 14);
    for (let i = 1; i <= 6; i++) {
      await kill(current);
      current = await tab(2);
      await holdAt(current, i < 6 ? 14 : Infinity);
      await current.getByRole('button', { name: 'Resume' }).first().click();
      if (i < 6) await asked(current, 14);
    }
    await ended(current);
    expect(await told(current)).toEqual(expected);
    expect((await runIds(current)).includes(id)).toBe(true);
  });
});
