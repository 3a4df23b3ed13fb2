import { splitsOf } from './layout.js';
import { makeRandom } from './random.js';

/** @typedef {import('./random.js').Random} Random */

/** Turns as quarter circles to the right. */
const turns = { 'Turn right.': 1, 'Turn around.': 2, 'Turn left.': 3 };

/**
 * Steps and turns from the start, and whether they lead back to it.
 * @param {Random} random @returns {{ moves: string[], back: boolean }}
 */
function walk(random) {
  const moves = [];
  let [x, y, facing] = [0, 0, 0];
  const count = random.between(3, 7);
  for (let i = 0; i < count; i++) {
    if (i > 0 && random.chance(45)) {
      const turn = random.pick(/** @type {(keyof typeof turns)[]} */ (Object.keys(turns)));
      facing = (facing + turns[turn]) % 4;
      moves.push(turn);
    } else {
      const steps = random.between(1, 9);
      x += ([0, 1, 0, -1][facing] ?? 0) * steps;
      y += ([1, 0, -1, 0][facing] ?? 0) * steps;
      moves.push(`Take ${steps} step${steps === 1 ? '' : 's'}.`);
    }
  }
  return { moves, back: x === 0 && y === 0 };
}

/** The same walk, ended by the turns and steps that lead home. @param {Random} random @returns {string[] | null} */
function walkHome(random) {
  const out = random.between(1, 9);
  const side = random.chance(50) ? random.between(1, 9) : 0;
  const left = random.chance(50);
  const moves = [`Take ${out} step${out === 1 ? '' : 's'}.`];
  const step = (/** @type {number} */ n) => `Take ${n} step${n === 1 ? '' : 's'}.`;
  if (side === 0) return [...moves, 'Turn around.', step(out)];
  const turn = left ? 'Turn left.' : 'Turn right.';
  return [...moves, turn, step(side), turn, step(out), turn, step(side)];
}

/** @returns {import('./layout.js').TaskFile} */
export function navigation() {
  const random = makeRandom(4409);
  return {
    id: 'navigation',
    name: 'Navigation',
    description: 'Tell whether a list of steps and turns leads back to the starting point.',
    note: 'Keep track of the place and of the direction faced: each turn changes the direction of all later steps. Written by tasks/generate.js; same kind of question as in BIG-Bench Hard.',
    initialPrompt: 'Do these steps lead back to the start? Answer Yes or No.',
    metric: { kind: 'boolean', yes: 'Yes', no: 'No' },
    position: 'before',
    markers: { input: 'Q', answer: 'A' },
    answerTokens: 8,
    splits: splitsOf('navigation', (index) => {
      const wanted = index % 2 === 0;
      for (;;) {
        if (wanted && random.chance(70)) {
          const moves = walkHome(random);
          if (moves) return { input: moves.join(' '), gold: 'Yes' };
        }
        const { moves, back } = walk(random);
        if (back === wanted) return { input: moves.join(' '), gold: back ? 'Yes' : 'No' };
      }
    }),
  };
}
