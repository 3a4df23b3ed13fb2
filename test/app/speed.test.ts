import { expect, test } from 'vitest';
import { makeSpeed } from '../../src/app/speed.ts';

test('nothing is said in the first second', () => {
  const speed = makeSpeed();
  expect(speed.bytesPerSecond()).toBeNull();
  speed.add(0, 0);
  speed.add(500, 999);
  expect(speed.bytesPerSecond()).toBeNull();
  speed.add(1000, 1000);
  expect(speed.bytesPerSecond()).toBe(1000);
});

test('only the last seconds count', () => {
  const speed = makeSpeed();
  for (let second = 0; second <= 10; second++) speed.add(second * 1000, second * 1000);
  expect(speed.bytesPerSecond()).toBe(1000);
  // Six seconds without a byte: nothing of before is left.
  for (let second = 11; second <= 16; second++) speed.add(10_000, second * 1000);
  expect(speed.bytesPerSecond()).toBe(0);
});

test('a download that begins again is measured anew', () => {
  const speed = makeSpeed();
  speed.add(9000, 0);
  speed.add(10_000, 2000);
  speed.add(0, 3000);
  expect(speed.bytesPerSecond()).toBeNull();
  speed.add(4000, 5000);
  expect(speed.bytesPerSecond()).toBe(2000);
});
