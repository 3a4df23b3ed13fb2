import { splitsOf } from './layout.js';
import { firstNames } from './people.js';
import { makeRandom } from './random.js';

const scenes = [
  {
    verb: 'has',
    things: ['a red ball', 'a blue ball', 'a green ball', 'a yellow ball', 'a white ball'],
    swap: 'swap balls',
  },
  {
    verb: 'is reading',
    things: ['a novel', 'an atlas', 'a cookbook', 'a diary', 'a comic'],
    swap: 'swap books',
  },
  {
    verb: 'is playing',
    things: ['the goalkeeper', 'the striker', 'the winger', 'the sweeper', 'the defender'],
    swap: 'trade positions',
  },
];

/** @returns {import('./layout.js').TaskFile} */
export function shuffledObjects() {
  const random = makeRandom(6733);
  return {
    id: 'shuffled-objects',
    name: 'Shuffled objects',
    description: 'Follow swaps between people and tell who has what at the end.',
    note: 'Write down who has what after each swap. Written by tasks/generate.js; same kind of question as in BIG-Bench Hard.',
    initialPrompt: 'Who has what at the end? Answer with the letter of one option.',
    metric: { kind: 'choice' },
    position: 'before',
    markers: { input: 'Q', answer: 'A' },
    answerTokens: 8,
    splits: splitsOf('swaps', (index) => {
      const wanted = index % 3;
      for (;;) {
        const scene = random.pick(scenes);
        const people = random.sample(firstNames, 3);
        const things = random.sample(scene.things, 3);
        const held = [0, 1, 2];
        const swaps = Array.from({ length: random.between(2, 4) }, () => {
          const [a = 0, b = 1] = random.sample([0, 1, 2], 2);
          [held[a], held[b]] = [held[b] ?? 0, held[a] ?? 0];
          return `${people[a]} and ${people[b]} ${scene.swap}`;
        });
        const asked = random.between(0, 2);
        const options = random.shuffled(things);
        if (options.indexOf(things[held[asked] ?? 0] ?? '') !== wanted) continue;
        const begin = people.map((name, i) => `${name} ${scene.verb} ${things[i]}`);
        const order = swaps.map(
          (swap, i) => `${i === 0 ? 'First' : i === swaps.length - 1 ? 'Finally' : 'Then'}, ${swap}.`,
        );
        const list = options.map((thing, i) => `(${'ABC'[i]}) ${thing}`);
        const input = `At the start, ${begin.join(', ')}. ${order.join(' ')} At the end, what does ${people[asked]} have?\n${list.join('\n')}`;
        return {
          input:
            scene.verb === 'has'
              ? input
              : input.replace(
                  /what does (\w+) have\?/,
                  scene.verb === 'is reading' ? 'what is $1 reading?' : 'what is $1 playing?',
                ),
          gold: `(${'ABC'[wanted]})`,
        };
      }
    }),
  };
}
