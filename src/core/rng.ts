import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { hash32 } from './hash.ts';

/** A seeded stream of random numbers. Same seed, same stream, on every machine. */
export interface Rng {
  /** Uniform in [0, 1) with 32 bits. */
  next(): number;
  /** Uniform integer in [0, n); n >= 1. */
  below(n: number): number;
  /** A new array in random order. */
  shuffled<T>(items: readonly T[]): T[];
  /** `k` distinct items in random order; all of them when k exceeds the length. */
  sample<T>(items: readonly T[], k: number): T[];
  /** An independent stream named `name`: drawing from it does not move this one, nor depend on what was drawn here. */
  fork(name: string): Rng;
}

export function makeRng(seed: number, path = ''): Rng {
  const generator = xoroshiro128plus(hash32(path, seed));
  const below = (n: number) => uniformInt(generator, 0, n - 1);
  const rng: Rng = {
    next: () => uniformInt(generator, 0, 0xffffffff) / 0x100000000,
    below,
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
