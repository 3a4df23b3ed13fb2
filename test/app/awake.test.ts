import { expect, test } from 'vitest';
import { awakeClock } from '../../src/app/awake.ts';

const MINUTE = 60_000;

test('it stands still while nothing ran, and only then', () => {
  let time = 1000;
  const clock = awakeClock(() => time);
  // A hidden tab, looked at once a minute.
  for (let i = 0; i < 10; i++) {
    time += MINUTE;
    clock.now();
  }
  expect(clock.now()).toBe(1000 + 10 * MINUTE);
  // A night.
  time += 8 * 60 * MINUTE;
  expect(clock.now()).toBe(1000 + 10 * MINUTE);
  time += MINUTE;
  expect(clock.now()).toBe(1000 + 11 * MINUTE);
  clock.stop();
});
