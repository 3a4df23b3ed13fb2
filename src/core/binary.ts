import type { Metric } from './task.ts';

/** Whether every score is 0 or 1, so that counts of right answers say all. */
export function isBinary(metric: Metric): boolean {
  return metric.kind === 'json'
    ? metric.fields.length === 1
    : metric.kind !== 'rouge-l' && metric.kind !== 'rules';
}
