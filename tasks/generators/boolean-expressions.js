import { splitsOf } from './layout.js';
import { makeRandom } from './random.js';

/** @typedef {import('./random.js').Random} Random */
/** How tightly an expression holds together: a bare word or brackets, `not`, `and`, `or`. */
const ATOM = 3;
const NOT = 2;
const AND = 1;
const OR = 0;

/** @typedef {{ text: string, value: boolean, level: number }} Expression */

/** @param {Expression} e @param {number} level the loosest that may stand without brackets */
const held = (e, level) => (e.level >= level ? e.text : `( ${e.text} )`);

/**
 * A random expression with `words` Trues and Falses, in which `not` binds before `and`, and `and` before `or`.
 * @param {Random} random @param {number} words @returns {Expression}
 */
function expression(random, words) {
  if (random.chance(words === 1 ? 45 : 25)) {
    const inner = words === 1 ? word(random) : expression(random, words);
    return { text: `not ${held(inner, NOT)}`, value: !inner.value, level: NOT };
  }
  if (words === 1) {
    const plain = word(random);
    return random.chance(15) ? { ...plain, text: `( ${plain.text} )` } : plain;
  }
  const left = random.between(1, words - 1);
  const a = expression(random, left);
  const b = expression(random, words - left);
  return random.chance(50)
    ? { text: `${held(a, AND)} and ${held(b, NOT)}`, value: a.value && b.value, level: AND }
    : { text: `${held(a, OR)} or ${held(b, AND)}`, value: a.value || b.value, level: OR };
}

/** @param {Random} random @returns {Expression} */
function word(random) {
  const value = random.chance(50);
  return { text: value ? 'True' : 'False', value, level: ATOM };
}

/** @returns {import('./layout.js').TaskFile} */
export function booleanExpressions() {
  const random = makeRandom(1847);
  return {
    id: 'boolean-expressions',
    name: 'Boolean expressions',
    description:
      'Work out whether an expression of True, False, not, and, or with brackets is True or False.',
    note: "Python's order: brackets first, then not, then and, then or. Written by tasks/generate.js; same kind of question as in BIG-Bench Hard.",
    initialPrompt: 'Evaluate the boolean expression. Answer True or False.',
    metric: { kind: 'boolean', yes: 'True', no: 'False' },
    position: 'before',
    markers: { input: 'Q', answer: 'A' },
    answerTokens: 8,
    splits: splitsOf('boolean', (index) => {
      // True and False take turns, so that every split, and every beginning of one, is balanced.
      for (;;) {
        const { text, value } = expression(random, random.between(3, 6));
        if (value === (index % 2 === 0)) return { input: `${text} is`, gold: value ? 'True' : 'False' };
      }
    }),
  };
}
