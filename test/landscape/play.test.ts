import { describe, expect, test } from 'vitest';
import { tokensUsed } from '../../src/core/budget.ts';
import { optimizers } from '../../src/optimizers/index.ts';
import { eventsOf } from '../optimizers/harness.ts';
import { LANDSCAPES, makeLandscape } from './landscape.ts';
import { playLandscape } from './play.ts';

const land = LANDSCAPES[0] ?? makeLandscape(1);

describe('playing a method on a simulated landscape', () => {
  // A simulated landscape has no gradient to follow.
  test.each(optimizers.filter(({ tunes }) => !tunes).map((optimizer) => [optimizer.id, optimizer] as const))(
    '%s: deterministic, within its budget, its curve told by its own best prompts',
    async (_id, optimizer) => {
      const budget = { tokens: 40_000 };
      const once = await playLandscape(optimizer, {}, land, 3, budget);
      const again = await playLandscape(optimizer, {}, land, 3, budget);
      expect(again).toEqual(once);
      // One ask may go beyond it.
      expect(tokensUsed(once.usage)).toBeLessThan(40_000 + 8192);
      expect(once.curve.map(({ score }) => score)).toEqual(
        eventsOf(once.events, 'best').map(({ score }) => score),
      );
      expect(once.curve.every(({ heldOut }) => heldOut >= 0 && heldOut <= 1)).toBe(true);
    },
  );

  test('the optimizer model is shown no example but those of train and validation', async () => {
    const [optimizer] = optimizers;
    if (optimizer === undefined) throw new Error('no methods');
    const { events } = await playLandscape(optimizer, {}, land, 3, { tokens: 60_000 });
    const asked = eventsOf(events, 'asked').map(({ content }) => JSON.stringify(content));
    expect(asked.length).toBeGreaterThan(0);
    for (const text of asked) {
      for (const [, number] of text.matchAll(/Case (\d+):/gu)) {
        expect(Number(number)).toBeGreaterThanOrEqual(2000);
        expect(Number(number)).toBeLessThan(2100);
      }
    }
  });
});
