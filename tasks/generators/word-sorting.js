import { splitsOf } from './layout.js';
import { makeRandom } from './random.js';

/** Words with shared beginnings, so that the second and third letters matter. */
export const words =
  `anchor ancient angle ankle apple apron basin basket beacon beaver bottle bottom cabin cable candle candy carbon carpet
  castle cattle cedar cellar dagger dairy dancer danger elbow elder engine enough fabric factor feather fence garden garlic
  gather gauge hammer hamper harbor hazel ivory island jacket jasmine kettle kernel ladder lantern laurel lemon magnet
  mantle marble market meadow nectar needle oyster orbit pebble pencil pepper planet quarry quiver rabbit radish raven
  saddle salmon silver simple tablet talent temple tender umber urban velvet vessel walnut window winter yellow zebra zinc`
    .split(/\s+/)
    .filter((word) => word !== '');

/** @returns {import('./layout.js').TaskFile} */
export function wordSorting() {
  const random = makeRandom(5531);
  return {
    id: 'word-sorting',
    name: 'Word sorting',
    description: 'Put a list of words into alphabetical order.',
    note: 'All words of the list, each once, in alphabetical order, one space between, and nothing else. Written by tasks/generate.js; same kind of question as in BIG-Bench Hard.',
    initialPrompt: 'Sort the words.',
    metric: { kind: 'exact' },
    position: 'before',
    markers: { input: 'Words', answer: 'Sorted' },
    answerTokens: 64,
    splits: splitsOf('sorting', () => {
      const list = random.sample(words, random.between(3, 8));
      return { input: list.join(' '), gold: list.toSorted().join(' ') };
    }),
  };
}
