import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus, xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import { hash32 } from './hash.ts';

/** A seeded stream of random numbers. Same seed, same stream, on every machine. */
export interface Rng {
  /** Uniform in [0, 1) with 32 bits. */
  next(): number;
  /** Uniform integer in [0, n); n >= 1. */
  below(n: number): number;
  /** Fills `into` with what as many calls of `below(n)` give, at a fraction of their price. */
  fill(into: Uint32Array, n: number): void;
  /** A new array in random order. */
  shuffled<T>(items: readonly T[]): T[];
  /** `k` distinct items in random order; all of them when k exceeds the length. */
  sample<T>(items: readonly T[], k: number): T[];
  /** An independent stream named `name`: drawing from it does not move this one, nor depend on what was drawn here. */
  fork(name: string): Rng;
}

export function makeRng(seed: number, path = ''): Rng {
  let generator = xoroshiro128plus(hash32(path, seed));
  const below = (n: number) => uniformInt(generator, 0, n - 1);
  const rng: Rng = {
    next: () => uniformInt(generator, 0, 0xffffffff) / 0x100000000,
    below,
    fill(into, n) {
      generator = xoroshiro128plusFromState(draw(into, n, generator.getState()));
    },
    shuffled: (items) => rng.sample(items, items.length),
    sample(items, k) {
      const pool = [...items];
      const count = Math.min(k, pool.length);
      for (let i = 0; i < count; i++) {
        const j = i + below(pool.length - i);
        const held = pool[i];
        const drawn = pool[j];
        if (held !== undefined && drawn !== undefined) [pool[i], pool[j]] = [drawn, held];
      }
      return pool.slice(0, count);
    },
    fork: (name) => makeRng(seed, `${path}/${name}`),
  };
  return rng;
}

const WORDS = 2 ** 32;

/**
 * Draws below `n` into all of `into` and gives the generator's next state. The steps are those of the library's
 * xoroshiro128+ and uniformInt (whose numbers recorded runs hold), in one loop without a call, whole numbers throughout.
 */
function draw(into: Uint32Array, n: number, [a = 0, b = 0, c = 0, d = 0]: readonly number[]): number[] {
  // As 32-bit words: a remainder of doubles costs four times as much as all the rest. 2^32 itself is 0, and needs none.
  let [s01, s00, s11, s10] = [a | 0, b | 0, c | 0, d | 0];
  const divisor = n >>> 0;
  // Words from here on would make the smaller numbers likelier.
  const limit = n > 2 ? Math.floor(WORDS / n) * n : WORDS;
  for (let i = 0; i < into.length;) {
    const word = ((s00 + s10) ^ 0x80000000) >>> 0;
    const a0 = s10 ^ s00;
    const a1 = s11 ^ s01;
    const low = s00;
    s00 = (s00 << 24) ^ (s01 >>> 8) ^ a0 ^ (a0 << 16);
    s01 = (s01 << 24) ^ (low >>> 8) ^ a1 ^ ((a1 << 16) | (a0 >>> 16));
    s10 = (a1 << 5) ^ (a0 >>> 27);
    s11 = (a0 << 5) ^ (a1 >>> 27);
    if (word < limit) into[i++] = divisor === 0 ? word : word % divisor;
  }
  return [s01, s00, s11, s10];
}
