import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/**
 * A seeded stream of choices: same seed, same task file, on every machine.
 * @typedef {ReturnType<typeof makeRandom>} Random
 * @param {number} seed
 */
export function makeRandom(seed) {
  const generator = xoroshiro128plus(seed);

  /** Uniform whole number, both ends included. @param {number} low @param {number} high */
  const between = (low, high) => uniformInt(generator, low, high);

  /** @template T @param {readonly T[]} items not empty @returns {T} */
  function pick(items) {
    const item = items[between(0, items.length - 1)];
    if (item === undefined) throw new Error('Nothing to pick from.');
    return item;
  }

  /** A new array in random order. @template T @param {readonly T[]} items @returns {T[]} */
  function shuffled(items) {
    const pool = [...items];
    return items.map(() => {
      const [item] = pool.splice(between(0, pool.length - 1), 1);
      if (item === undefined) throw new Error('The pool ran out.');
      return item;
    });
  }

  /** True in `percent` of 100 draws. @param {number} percent */
  const chance = (percent) => between(1, 100) <= percent;

  /** `count` different items in random order. @template T @param {readonly T[]} items @param {number} count */
  const sample = (items, count) => shuffled(items).slice(0, count);

  return { between, pick, shuffled, chance, sample };
}
