import { splitsOf } from './layout.js';
import { makeRandom } from './random.js';

/**
 * What can be counted: each thing with its article, and its plural.
 * @satisfies {Record<string, [one: string, many: string][]>}
 */
export const kinds = {
  fruits: [
    ['an apple', 'apples'],
    ['a banana', 'bananas'],
    ['an orange', 'oranges'],
    ['a peach', 'peaches'],
    ['a plum', 'plums'],
    ['a strawberry', 'strawberries'],
    ['a grape', 'grapes'],
    ['a pear', 'pears'],
    ['a mango', 'mangoes'],
    ['a kiwi', 'kiwis'],
  ],
  vegetables: [
    ['a carrot', 'carrots'],
    ['an onion', 'onions'],
    ['a cauliflower', 'cauliflowers'],
    ['a potato', 'potatoes'],
    ['a lettuce', 'lettuces'],
    ['a cabbage', 'cabbages'],
    ['a leek', 'leeks'],
    ['a turnip', 'turnips'],
    ['a radish', 'radishes'],
    ['a beetroot', 'beetroots'],
  ],
  'musical instruments': [
    ['a piano', 'pianos'],
    ['a violin', 'violins'],
    ['a flute', 'flutes'],
    ['a trumpet', 'trumpets'],
    ['a drum', 'drums'],
    ['a clarinet', 'clarinets'],
    ['an accordion', 'accordions'],
    ['a guitar', 'guitars'],
    ['a harp', 'harps'],
    ['a trombone', 'trombones'],
  ],
  animals: [
    ['a cat', 'cats'],
    ['a dog', 'dogs'],
    ['a cow', 'cows'],
    ['a goat', 'goats'],
    ['a rabbit', 'rabbits'],
    ['a duck', 'ducks'],
    ['a snail', 'snails'],
    ['a frog', 'frogs'],
    ['a mouse', 'mice'],
    ['a donkey', 'donkeys'],
  ],
  'pieces of furniture': [
    ['a table', 'tables'],
    ['a chair', 'chairs'],
    ['a bed', 'beds'],
    ['a couch', 'couches'],
    ['a bookcase', 'bookcases'],
    ['a desk', 'desks'],
    ['a wardrobe', 'wardrobes'],
    ['a stool', 'stools'],
    ['an armchair', 'armchairs'],
    ['a bench', 'benches'],
  ],
};

/** @type {(keyof typeof kinds)[]} */
const names = ['fruits', 'vegetables', 'musical instruments', 'animals', 'pieces of furniture'];
const words = ['two', 'three', 'four', 'five'];

/** @returns {import('./layout.js').TaskFile} */
export function objectCounting() {
  const random = makeRandom(3061);
  return {
    id: 'object-counting',
    name: 'Object counting',
    description: 'Count the things of one kind in a list that also has things of other kinds.',
    note: 'Add up the numbers of the things of the kind asked for (all things when the question says objects). Written by tasks/generate.js; same kind of question as in BIG-Bench Hard.',
    initialPrompt: 'Answer the question with a number.',
    metric: { kind: 'number', decimals: 0 },
    position: 'before',
    markers: { input: 'Q', answer: 'A' },
    answerTokens: 8,
    splits: splitsOf('counting', () => {
      const [asked, other] = random.sample(names, 2);
      if (!asked || !other) throw new Error('There are too few kinds.');
      // One question in five asks for all objects; then nothing in the list is beside the point.
      const all = random.chance(20);
      let total = 0;
      /** @param {keyof typeof kinds} kind @param {number} count @param {boolean} counts */
      const draw = (kind, count, counts) =>
        random.sample(kinds[kind], count).map(([one, many]) => {
          const number = random.chance(65) ? 1 : random.between(2, 5);
          if (counts) total += number;
          return number === 1 ? one : `${words[number - 2]} ${many}`;
        });
      const things = [
        ...draw(asked, random.between(2, 9), true),
        ...draw(other, random.between(all ? 0 : 1, 4), all),
      ];
      const list = random.shuffled(things);
      const last = list.pop();
      const input = `I have ${list.join(', ')}, and ${last}. How many ${all ? 'objects' : asked} do I have?`;
      return { input, gold: String(total) };
    }),
  };
}
