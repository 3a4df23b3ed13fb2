import { describe, expect, it } from 'vitest';
import { readReport, runStages, summary } from '../../scripts/stages.js';

describe('summary', () => {
  const stages = [{ name: 'format' }, { name: 'unit' }, { name: 'browser' }];
  const format = { name: 'format', ok: true, seconds: 2.04, passed: 1, failed: 0, skipped: 0, note: '' };
  const unit = { name: 'unit', ok: false, seconds: 75, passed: 40, failed: 2, skipped: 3, note: '' };

  it('ends in one plain line with the sums', () => {
    const lines = summary(stages, [format, unit]);
    expect(lines.at(-1)).toBe('41 passed, 2 failed');
  });

  it('has a row for every stage, also those not reached', () => {
    const rows = summary(stages, [format, unit]);
    expect(rows[1]).toMatch(/^format +passed +2\.0 s +1 passed, 0 failed$/);
    expect(rows[2]).toMatch(/^unit +FAILED +1 min 15 s +40 passed, 2 failed, 3 skipped$/);
    expect(rows[3]).toMatch(/^browser +not run$/);
  });
});

describe('readReport', () => {
  it('takes the counts of a report', () => {
    const report = { numPassedTests: 5, numFailedTests: 1, numPendingTests: 2, testResults: [] };
    expect(readReport(JSON.stringify(report))).toEqual({ passed: 5, failed: 1, skipped: 2 });
  });
  it.each(['', '{', 'null', '{}', '{"numPassedTests":"5"}', '[]'])('knows that %j is none', (text) => {
    expect(readReport(text)).toBeNull();
  });
});

describe('runStages', () => {
  it('names the stages when asked for one that is not there', async () => {
    await expect(runStages(['untit'])).rejects.toThrow(
      /no stage untit.*format, lint, typecheck, unit, build/,
    );
  });
});
