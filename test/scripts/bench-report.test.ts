import { describe, expect, test } from 'vitest';
import {
  csv,
  meanInterval,
  meanRanks,
  medianReached,
  summarize,
  withSection,
} from '../../scripts/bench-report.js';

const row = (method: string, landscape: string, seed: number, final: number, tokensTo80: number | null) => ({
  method,
  landscape,
  seed,
  initial: 0.25,
  final,
  selected: 0.5,
  targetCalls: 100,
  optimizerCalls: 10,
  targetIn: 2000,
  targetOut: 100,
  optimizerIn: 300,
  optimizerOut: 50,
  tokens: 2450,
  tokensTo80,
  tokensTo85: null,
  reason: 'budget-tokens',
});

describe('bench report', () => {
  test('the interval of a mean: 1.96 standard errors', () => {
    // Standard deviation 1, four values: the error is 0.5.
    const { mean, half } = meanInterval([1, 2, 3, 2]);
    expect(mean).toBe(2);
    expect(half).toBeCloseTo(1.959964 * Math.sqrt(2 / 3 / 4), 6);
    expect(meanInterval([5])).toEqual({ mean: 5, half: Infinity });
  });

  test('the median counts what was never reached as later than all', () => {
    expect(medianReached([30, null, 10])).toBe(30);
    expect(medianReached([30, 20, 10, null])).toBe(20);
    expect(medianReached([10, null, null])).toBeNull();
    expect(medianReached([])).toBeNull();
  });

  test('ranks are among the runs of one landscape and seed; equals share', () => {
    const rows = [
      row('a', 'x', 1, 0.9, 5),
      row('b', 'x', 1, 0.7, null),
      row('c', 'x', 1, 0.7, null),
      row('a', 'x', 2, 0.1, null),
      row('b', 'x', 2, 0.2, null),
      row('c', 'x', 2, 0.3, null),
    ];
    expect([...meanRanks(rows)]).toEqual([
      ['a', 2],
      ['b', 2.25],
      ['c', 1.75],
    ]);
    const [first] = summarize(rows);
    expect(first).toMatchObject({ method: 'c', runs: 2, final: 0.5, to80: { tokens: null, runs: 0 } });
  });

  test('one line a run; nothing for what was not reached', () => {
    expect(csv([row('a', 'x', 1, 0.91234567, null)]).split('\n')).toEqual([
      'method,landscape,seed,initial,final,selected,targetCalls,optimizerCalls,targetIn,targetOut,optimizerIn,optimizerOut,tokens,tokensTo80,tokensTo85,reason',
      'a,x,1,0.2500,0.9123,0.5000,100,10,2000,100,300,50,2450,,,budget-tokens',
      '',
    ]);
  });

  test('a section is replaced, the rest of the page stays', () => {
    const once = withSection('# Bench\n\nWords.\n', 'one', 'first');
    const two = withSection(once, 'two', 'second');
    expect(withSection(two, 'one', 'third $& time')).toBe(
      '# Bench\n\nWords.\n\n<!-- begin: one -->\n\nthird $& time\n\n<!-- end: one -->\n\n<!-- begin: two -->\n\nsecond\n\n<!-- end: two -->\n',
    );
  });
});
