import { splitsOf } from './layout.js';
import { firstNames } from './people.js';
import { makeRandom } from './random.js';

const faults = [
  { said: 'your parcel is late because you typed the wrong postcode', facts: ['postcode'] },
  { said: 'you forgot to pay invoice 417 again', facts: ['417'] },
  { said: 'the machine broke because you ignored the manual', facts: ['manual'] },
  { said: 'you sent the form without a signature', facts: ['signature'] },
  { said: 'you missed the meeting on Tuesday', facts: ['Tuesday'] },
  { said: 'the photo you sent is far too small to print', facts: ['photo'] },
  { said: 'you booked the wrong room for Friday', facts: ['Friday'] },
  { said: 'your password is wrong for the tenth time', facts: ['password'] },
  { said: 'the contract you returned lacks page 3', facts: ['page 3'] },
  { said: 'you ordered the cable in the wrong length', facts: ['cable'] },
];
const insults = [
  'How stupid can one be?',
  'This is ridiculous.',
  'Are you blind?',
  'What nonsense.',
  'Typical, so lazy.',
  'An idiot could do better.',
];
const harsh = ['stupid', 'ridiculous', 'blind', 'nonsense', 'lazy', 'idiot'];
const wishes = [
  { said: 'Fix it now.', facts: [] },
  { said: 'Call me on 555 0142.', facts: ['555 0142'] },
  { said: 'Answer by noon.', facts: ['noon'] },
  { said: 'Send it again by Monday.', facts: ['Monday'] },
  { said: 'Write to the office in Ghent.', facts: ['Ghent'] },
];

/** @returns {import('./layout.js').TaskFile} */
export function calmReplies() {
  const random = makeRandom(9341);
  return {
    id: 'calm-replies',
    name: 'Calm replies',
    description: 'Rewrite an angry note as a short, polite one that keeps its facts.',
    note: 'A good prompt asks for a note that begins with Dear and the name, says please or thank, keeps every fact (numbers, days, things), drops all insults, has no shouting, and stays within 45 words.',
    initialPrompt: 'Rewrite this politely.',
    metric: { kind: 'rules' },
    position: 'before',
    markers: { input: 'Note', answer: 'Polite note' },
    answerTokens: 96,
    splits: splitsOf('note', () => {
      const name = random.pick(firstNames);
      const [fault, wish, insult] = [random.pick(faults), random.pick(wishes), random.pick(insults)];
      const told = `${name}, ${fault.said}`;
      const middle = random.shuffled([insult, wish.said]);
      const input = `${random.chance(40) ? told.toUpperCase() : told}! ${middle.join(' ')}`;
      const facts = [...fault.facts, ...wish.facts].map((fact) => `has: ${fact}`);
      const rules = [
        `starts: Dear ${name}`,
        'has: please | thank | thanks',
        ...facts,
        `lacks: ${harsh.join(' | ')}`,
        'words: 8-45',
      ];
      return { input, gold: rules.join('\n') };
    }),
  };
}
