import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as v from 'valibot';
import { DEFAULT_MODEL } from '../../src/engines/models.ts';
import { locate } from '../../scripts/model-store.js';
import { open, type Opened } from './open.ts';

/**
 * A folder of BIG-bench Hard is imported through the page, a prompt is optimized on it with the real small model, and
 * what the result card says is worked out once more from the folder's own file and the exported log alone: nothing of
 * the program's scoring or statistics is used here.
 */
const folder = join(process.env.WHETSTONE_DATA ?? '', 'bbh', 'boolean_expressions');
const here =
  process.env.WHETSTONE_DATA !== undefined &&
  existsSync(folder) &&
  locate(DEFAULT_MODEL.path, DEFAULT_MODEL.downloadBytes) !== null;
if (!here) console.log('Skipped: set WHETSTONE_DATA to a folder with bbh, and run npm run models.');

const PATIENCE = 480_000;
const TESTED = 40;
const OPTIONS = ['True', 'False'];

const exported = v.object({
  record: v.object({ config: v.object({ rendering: v.object({ read: v.string() }) }) }),
  effects: v.array(
    v.object({
      key: v.string(),
      outcome: v.variant('kind', [
        v.object({ kind: v.literal('choose'), choice: v.object({ logProbs: v.array(v.number()) }) }),
        v.object({ kind: v.literal('generate'), reply: v.object({ text: v.string() }) }),
        v.object({ kind: v.literal('embed') }),
      ]),
    }),
  ),
});
const line = v.object({ input: v.string(), target: v.string() });

/** Wilson's interval of k in n at 95 %. */
function wilson(k: number, n: number): [low: number, high: number] {
  const z = 1.959963984540054;
  const centre = (k + (z * z) / 2) / (n + z * z);
  const reach = (z / (n + z * z)) * Math.sqrt((k * (n - k)) / n + (z * z) / 4);
  return [Math.max(0, centre - reach), Math.min(1, centre + reach)];
}

/** Newcombe 1998, Statistics in Medicine 17:2635, method 10. */
function newcombe(both: number, gained: number, lost: number, neither: number): [low: number, high: number] {
  const n = both + gained + lost + neither;
  const [first, second] = [(both + gained) / n, (both + lost) / n];
  const [low1, high1] = wilson(both + gained, n);
  const [low2, high2] = wilson(both + lost, n);
  const product = (both + gained) * (lost + neither) * (both + lost) * (gained + neither);
  const excess = both * neither - gained * lost;
  const corrected = excess > n / 2 ? excess - n / 2 : excess >= 0 ? 0 : excess;
  const phi = product === 0 ? 0 : corrected / Math.sqrt(product);
  const reach = (a: number, b: number) => Math.sqrt(a * a - 2 * phi * a * b + b * b);
  const difference = first - second;
  return [difference - reach(first - low1, high2 - second), difference + reach(high1 - first, second - low2)];
}

/** Two-sided exact McNemar: a fair coin thrown once for each example that changed. */
function mcnemar(gained: number, lost: number): number {
  const n = gained + lost;
  let term = 0.5 ** n;
  let tail = 0;
  for (let k = 0; k <= Math.min(gained, lost); k++) {
    tail += term;
    term *= (n - k) / (k + 1);
  }
  return Math.min(1, 2 * tail);
}

const whole = (share: number) => String(Math.round(share * 100) + 0).replace('-', '−');

describe.skipIf(!here)(
  'an imported folder of BIG-bench Hard (skipped without WHETSTONE_DATA and the models)',
  () => {
    let opened: Opened;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened.close());

    test('is optimized, and its result card is what its log says', { timeout: 2 * PATIENCE }, async () => {
      const page = await opened.newPage();
      await page.goto(opened.url);
      await page.getByRole('button', { name: 'Import a task' }).click();
      await page.getByLabel('Choose a folder').setInputFiles(folder);
      await page.getByRole('button', { name: 'Import', exact: true }).click();
      const form = page.getByRole('form', { name: 'Set-up' });
      await expect.poll(() => form.getByLabel('Task', { exact: true }).inputValue()).toContain('boolean');
      await form.getByLabel('Target model').selectOption(DEFAULT_MODEL.id);
      await form.getByLabel('Method', { exact: true }).selectOption({ label: 'GPO' });
      await form.getByLabel('Candidates a step').fill('2');
      await form
        .getByRole('group', { name: /Budget/ })
        .getByLabel('Steps')
        .fill('2');
      await form.getByText('Examples and seed').click();
      for (const [split, count] of [
        ['Train', 8],
        ['Validation', 12],
        ['Test', TESTED],
      ] as const)
        await form.getByLabel(split, { exact: true }).fill(String(count));
      // A prompt that leans to one answer, so that the search finds a better one and there is something to compare.
      await form.getByLabel('Initial prompt', { exact: true }).fill('The answer is always False.');
      await page.getByRole('button', { name: 'Start' }).click();
      const card = page.getByRole('region', { name: 'Result' });
      await card.waitFor({ timeout: PATIENCE });
      const saved = page.waitForEvent('download');
      await card.getByRole('button', { name: 'Download run' }).click();
      const text = gunzipSync(readFileSync(await (await saved).path())).toString('utf8');

      const run = v.parse(exported, JSON.parse(text));
      const gold = readFileSync(join(folder, 'test.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .slice(0, TESTED)
        .map((row) => v.parse(line, JSON.parse(row)).target);
      const answers = run.effects
        .filter(({ key }) => key.startsWith('target:'))
        .map(({ outcome }) => {
          if (outcome.kind === 'choose')
            return OPTIONS[outcome.choice.logProbs.indexOf(Math.max(...outcome.choice.logProbs))];
          return outcome.kind === 'generate' ? /\b(True|False)\b/.exec(outcome.reply.text)?.[0] : undefined;
        });
      // The test split is asked last: the initial prompt on all of it, then the best prompt on all of it.
      const right = (from: number) =>
        answers.slice(from, from + TESTED).map((answer, at) => answer === gold[at]);
      const initial = right(answers.length - 2 * TESTED);
      const best = right(answers.length - TESTED);
      const count = (of: (before: boolean, after: boolean) => boolean) =>
        initial.filter((before, at) => of(before, best[at] ?? false)).length;
      const both = count((before, after) => before && after);
      const gained = count((before, after) => !before && after);
      const lost = count((before, after) => before && !after);
      const score = (k: number) => {
        const [low, high] = wilson(k, TESTED);
        return `${whole(k / TESTED)} % [${whole(low)}, ${whole(high)}] n = ${TESTED}`;
      };
      expect(await card.getByTestId('initial-score').innerText()).toBe(score(both + lost));
      expect(await card.getByTestId('best-score').innerText()).toBe(score(both + gained));
      const p = mcnemar(gained, lost);
      const [low, high] = newcombe(both, gained, lost, TESTED - both - gained - lost);
      const shown = p < 0.05;
      const said = `[${whole(shown ? low : Math.min(0, low))}, ${whole(shown ? high : Math.max(0, high))}]`;
      const difference = await card.getByTestId('difference').innerText();
      expect(difference).toContain(`${whole((gained - lost) / TESTED)} point`);
      expect(difference).toContain(said);
      expect(difference).toContain(
        p < 0.001 ? 'p < 0.001' : `p = ${p < 0.1 ? p.toFixed(3).replace(/0$/, '') : p.toFixed(2)}`,
      );
      expect(await card.innerText()).toContain(`${gained} gained, ${lost} lost`);
      const verdict = !shown ? 'not shown' : gained > lost ? 'better' : 'worse';
      expect(await card.getByTestId('verdict').innerText()).toContain(verdict);
      expect(opened.left).toEqual([]);
      expect(opened.errors).toEqual([]);
    });
  },
);
