import { chiSquareTail } from './distributions.ts';

/** Comparing several methods over several tasks by their ranks (Demšar 2006). */

/** Means of scores that are equal on paper differ in their last bits. */
const levelled = (values: readonly number[]) => values.map((value) => Math.round(value * 1e9));

/** Ranks from 1 for the highest; equal values share the mean of their ranks. */
export function ranksOf(scores: readonly number[]): number[] {
  const values = levelled(scores);
  return values.map((value) => {
    const above = values.filter((other) => other > value).length;
    const level = values.filter((other) => other === value).length;
    return above + (level + 1) / 2;
  });
}

/** Mean rank of each column; `rows` are tasks, columns methods, cells scores. */
export function meanRanks(rows: readonly (readonly number[])[]): number[] {
  const ranks = rows.map(ranksOf);
  const columns = rows[0]?.length ?? 0;
  return Array.from(
    { length: columns },
    (_, c) => ranks.reduce((sum, row) => sum + (row[c] ?? 0), 0) / Math.max(1, rows.length),
  );
}

/**
 * Friedman's test that all columns are alike, corrected for ties; chi-square with columns - 1 degrees of freedom, which
 * wants some ten rows or more. p is 1 for fewer than three columns, fewer than two rows, or rows all of ties.
 * Throws RangeError when rows differ in length.
 */
export function friedman(rows: readonly (readonly number[])[]): { statistic: number; p: number } {
  const n = rows.length;
  const k = rows[0]?.length ?? 0;
  if (rows.some((row) => row.length !== k)) throw new RangeError('Every task needs a score of every method.');
  if (n < 2 || k < 3) return { statistic: 0, p: 1 };
  let tied = 0;
  for (const row of rows.map(levelled)) {
    for (const value of new Set(row)) {
      const level = row.filter((other) => other === value).length;
      tied += level ** 3 - level;
    }
  }
  const correction = 1 - tied / (n * k * (k * k - 1));
  if (correction <= 0) return { statistic: 0, p: 1 };
  const spread = meanRanks(rows).reduce((sum, rank) => sum + (rank - (k + 1) / 2) ** 2, 0);
  const statistic = ((12 * n) / (k * (k + 1))) * (spread / correction);
  return { statistic, p: chiSquareTail(statistic, k - 1) };
}

/**
 * Points of the studentized range for 2 to 20 groups and infinite degrees of freedom
 * (SciPy's `studentized_range.ppf`). */
const RANGE_POINTS: Record<'0.05' | '0.1', readonly number[]> = {
  '0.05': [
    2.771808, 3.314493, 3.63316, 3.857656, 4.030092, 4.169554, 4.286309, 4.386509, 4.474124, 4.551864,
    4.621655, 4.68492, 4.742732, 4.795924, 4.845154, 4.890951, 4.933745, 4.973892, 5.011689,
  ],
  '0.1': [
    2.326174, 2.90238, 3.240446, 3.478281, 3.660721, 3.808098, 3.931349, 4.037023, 4.129346, 4.2112, 4.284635,
    4.351158, 4.411913, 4.467782, 4.519464, 4.567519, 4.612403, 4.654494, 4.694104,
  ],
};

/**
 * Nemenyi's critical difference: two of `methods` (2..20) whose mean ranks over `tasks` differ by at least this are
 * different with a chance of error of `alpha` over all pairs. Throws RangeError for other numbers of methods.
 */
export function nemenyi(methods: number, tasks: number, alpha: '0.05' | '0.1' = '0.05'): number {
  const q = RANGE_POINTS[alpha][methods - 2];
  if (q === undefined) throw new RangeError(`Nemenyi's test is tabled for 2 to 20 methods, not ${methods}.`);
  return (q / Math.SQRT2) * Math.sqrt((methods * (methods + 1)) / (6 * tasks));
}
