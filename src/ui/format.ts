import { wilson, type Interval } from '../core/stats/wilson.ts';

/** Numbers as people read them. Scores come in as 0..1 and leave as percentages; times come in as milliseconds. */

/** 95 % interval of a mean score over `n` examples, in 0..1: Wilson's, exact in spirit for 0/1 scores, wide for graded ones. */
export function scoreInterval(score: number, n: number): Interval {
  return wilson(Math.min(n, score * n), n);
}

const whole = (share: number) => String(Math.round(share * 100) + 0);

/** `62 %`. */
export function percent(score: number): string {
  return `${whole(score)} %`;
}

/** `62 % [54, 69] n = 48`: a score is never shown without how sure it is. */
export function percentWithInterval(score: number, n: number): string {
  const { low, high } = scoreInterval(score, n);
  return `${percent(score)} [${whole(low)}, ${whole(high)}] n = ${n}`;
}

/** `+8 points`, `−3 points`, `0 points`; with an interval `+8 points [−2, 18]`. */
export function points(difference: number, interval?: Interval): string {
  const value = Math.round(difference * 100);
  const sign = value > 0 ? '+' : '';
  const name = Math.abs(value) === 1 ? 'point' : 'points';
  const tail = interval ? ` [${minus(whole(interval.low))}, ${minus(whole(interval.high))}]` : '';
  return `${sign}${minus(String(value + 0))} ${name}${tail}`;
}

const minus = (text: string) => text.replace('-', '−');

/** `p = 0.04`, `p < 0.001`. */
export function pValue(p: number): string {
  if (p < 0.001) return 'p < 0.001';
  return `p = ${p < 0.1 ? p.toFixed(3).replace(/0$/, '') : p.toFixed(2)}`;
}

/** `21 Nov 2026` in the reader's zone. */
export function day(epoch: number): string {
  return new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium' }).format(new Date(epoch));
}

/** `940`, `12k`, `1.2k`, `3.4M`. */
export function short(count: number): string {
  const scaled = (value: number, unit: string) =>
    `${value < 9.95 ? value.toFixed(1).replace(/\.0$/, '') : Math.round(value)}${unit}`;
  if (count < 1000) return String(Math.round(count));
  if (count < 999_500) return scaled(count / 1000, 'k');
  return scaled(count / 1_000_000, 'M');
}

/** `1,904`: grouped digits, the same in every locale, and without waking the browser's tables of them all. */
export function grouped(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** `1,900` for 1,904: two digits, for numbers that are estimates. */
export function roughly(count: number): string {
  return grouped(Number(count.toPrecision(2)));
}

/** `1 example`, `48 examples`, `1,904 target calls`. */
export function counted(count: number, noun: string, nouns = `${noun}s`): string {
  return `${grouped(count)} ${count === 1 ? noun : nouns}`;
}

/** `620 kB`, `92 MB`, `1.9 GB` (powers of ten, as disks are sold). */
export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  if (count < 1_000_000) return `${Math.round(count / 1000)} kB`;
  if (count < 1_000_000_000) return `${Math.round(count / 1_000_000)} MB`;
  return `${(count / 1_000_000_000).toFixed(1)} GB`;
}

/** `8 s`, `6 min`, `1 h 20 min`: coarse on purpose. Less than a second is `under 1 s`. */
export function duration(ms: number): string {
  if (ms < 1000) return 'under 1 s';
  const seconds = Math.round(ms / 1000);
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  const rest = Math.round((minutes % 60) / 5) * 5;
  if (rest === 60) return `${hours + 1} h`;
  return rest === 0 ? `${hours} h` : `${hours} h ${rest} min`;
}

/** `about 6 min left`, `at least 6 min left`; null becomes `measuring speed`. */
export function timeLeft(ms: number | null, atLeast: boolean): string {
  if (ms === null) return 'measuring speed';
  return `${atLeast ? 'at least' : 'about'} ${duration(Math.max(ms, 1000))} left`;
}

/** `21 Nov 2026, 08:51` in the reader's zone. */
export function moment(epoch: number): string {
  return new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' }).format(
    new Date(epoch),
  );
}
