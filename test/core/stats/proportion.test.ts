import { describe, expect, it } from 'vitest';
import { mcnemarExact, pairedInterval01, wilson } from '../../../src/core/stats/proportion.ts';

describe('wilson', () => {
  // statsmodels 0.15.0: proportion_confint(successes, n, alpha=0.05, method='wilson'). 81 of 263, 15 of 148, 0 of 20
  // and 1 of 29 are the examples of Newcombe 1998, Statistics in Medicine 17:857, table I, method 3.
  it.each([
    [81, 263, 0.2552885198782742, 0.36620957698280004],
    [15, 148, 0.06238639953073628, 0.16048724172330803],
    [0, 20, 0, 0.1611251580528194],
    [1, 29, 0.006113214292762667, 0.17175521879320294],
    [10, 10, 0.7224672001371106, 1],
    [5, 10, 0.23659309051256394, 0.7634069094874361],
    [500, 1000, 0.4690696003681042, 0.5309303996318958],
  ])('of %i in %i', (successes, n, low, high) => {
    expect(wilson(successes, n).low).toBeCloseTo(low, 12);
    expect(wilson(successes, n).high).toBeCloseTo(high, 12);
  });
  it('knows nothing of nothing', () => {
    expect(wilson(0, 0)).toEqual({ low: 0, high: 1 });
  });
});

describe('mcnemarExact', () => {
  // SciPy 1.17.1: binomtest(gained, gained + lost, 0.5).pvalue
  it.each([
    [0, 0, 1],
    [1, 0, 1],
    [5, 0, 0.0625],
    [6, 0, 0.03125],
    [10, 2, 0.03857421875],
    [9, 1, 0.021484375],
    [8, 6, 0.79052734375],
    [7, 7, 1],
    [25, 10, 0.016673847800120715],
    [43, 20, 0.005152397042092064],
    [200, 150, 0.008720036530555947],
    [600, 500, 0.0028195449914364284],
    [3000, 2800, 0.00896943600119357],
  ])('of %i gained and %i lost', (gained, lost, p) => {
    expect(mcnemarExact(gained, lost) / p).toBeCloseTo(1, 9);
    expect(mcnemarExact(lost, gained)).toBe(mcnemarExact(gained, lost));
  });
});

describe('pairedInterval01', () => {
  // Published: Fagerland, Lydersen and Laake, The paired 2x2 table (chapter 8 of Statistical Analysis of Contingency
  // Tables, 2017): -0.507 to -0.026 for 1, 1, 7, 12 and -0.1186 to -0.0046 for 59, 6, 16, 80.
  it('equals the published examples', () => {
    const small = pairedInterval01({ both: 1, gained: 1, lost: 7, neither: 12 });
    expect(small.low).toBeCloseTo(-0.507, 3);
    expect(small.high).toBeCloseTo(-0.026, 3);
    const large = pairedInterval01({ both: 59, gained: 6, lost: 16, neither: 80 });
    expect(large.low).toBeCloseTo(-0.1186, 4);
    expect(large.high).toBeCloseTo(-0.0046, 4);
  });
  // The formula of the paper in Python, with statsmodels' proportion_confint(…, method='wilson') for the two
  // proportions. 20, 12, 2, 16 has phi > 0, 0, 30, 0, 70 and 54, 6, 0, 0 an empty margin.
  it.each([
    [36, 12, 2, 0, 0.05692958400323875, 0.3404276029749408],
    [20, 12, 2, 16, 0.05615642484174821, 0.32920699540014053],
    [43, 0, 0, 10, -0.055188800243482806, 0.055188800243482806],
    [54, 0, 0, 0, -0.06641358809089648, 0.06641358809089648],
    [54, 6, 0, 0, 0.019578367940019548, 0.20149464723978772],
    [0, 50, 0, 0, 0.8990992576628452, 1],
    [49, 6, 1, 44, -0.004079895964784433, 0.10307765036327929],
    [20, 20, 10, 50, -0.007670761459076109, 0.20423901916625908],
  ])('of %i, %i, %i, %i', (both, gained, lost, neither, low, high) => {
    const interval = pairedInterval01({ both, gained, lost, neither });
    expect(interval.low).toBeCloseTo(low, 12);
    expect(interval.high).toBeCloseTo(high, 12);
    // Old and new exchanged.
    const back = pairedInterval01({ both, gained: lost, lost: gained, neither });
    expect(back.low).toBeCloseTo(-high, 12);
    expect(back.high).toBeCloseTo(-low, 12);
  });
  it('knows nothing of nothing', () => {
    expect(pairedInterval01({ both: 0, gained: 0, lost: 0, neither: 0 })).toEqual({ low: -1, high: 1 });
  });
});
