import { ENOUGH_AGREEMENT, readBy, type ReadingCheck } from '../core/rendering.ts';
import { counted, duration, grouped } from './format.ts';

/** What the check before a run found and what follows, for people. */
export function readingWords(check: ReadingCheck): string {
  const { examples, compared, readable, agreed, tokens, ms } = check;
  const cost = `Measured once: ${counted(2 * examples, 'call')}, ${grouped(tokens)} tokens, ${duration(ms)}.`;
  return `${found()} ${cost}`;

  function found(): string {
    if (compared === 0) return 'This model cannot compare answers here, so they are written.';
    if (2 * readable < examples)
      return `Only ${readable} of ${examples} written replies could be read, so writing is no measure: the likeliest answer is taken.`;
    const part = `${agreed} of ${readable} readable replies (${percentDown(agreed / readable)})`;
    return readBy(check) === 'choose'
      ? `The likeliest answer was the written one in ${part}.`
      : `The likeliest answer was the written one in only ${part}, less than ${percentDown(ENOUGH_AGREEMENT)}, so answers are written.`;
  }
}

/** Never rounded up: 94.9 % must not read as the 95 % that is asked for. */
const percentDown = (part: number) => `${Math.floor(100 * part + 1e-9)} %`;
