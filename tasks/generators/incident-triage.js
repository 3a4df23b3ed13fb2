import { splitsOf } from './layout.js';
import { makeRandom } from './random.js';

/**
 * What is broken, how many are hit, whether work can go on: the labels follow from a rule that the inputs never state.
 * `whole` is a service on which everything depends.
 */
const services = [
  { name: 'the login page', whole: true },
  { name: 'the card payment', whole: true },
  { name: 'the order database', whole: true },
  { name: 'the phone line', whole: true },
  { name: 'the newsletter editor', whole: false },
  { name: 'the room booking screen', whole: false },
  { name: 'the report export', whole: false },
  { name: 'the canteen menu page', whole: false },
];
const reach = {
  all: ['for everyone', 'for all our customers', 'in every branch', 'for the whole company'],
  some: ['for the Lyon office', 'for about thirty people', 'for one of our teams', 'on the second floor'],
  one: ['for me', 'for one colleague', 'on my laptop', 'for a new hire'],
};
const state = {
  stopped: ['is down', 'does not open at all', 'has stopped working', 'only shows an error'],
  slow: [
    'is very slow',
    'works only on the third try',
    'keeps losing what was typed',
    'cuts out now and then',
  ],
  odd: ['shows the old logo', 'has a typo in its title', 'uses the wrong colour', 'lists last year first'],
};
const openings = [
  'Since this morning',
  'Just now',
  'Since the update',
  'After lunch',
  'Again today',
  'For an hour now',
];
const endings = {
  stuck: ['We cannot work around it.', 'Nothing else gets the job done.', 'We have no other way.'],
  around: ['We use the paper forms for now.', 'The old version still works.', 'The phone does it meanwhile.'],
};

/**
 * The rule: cosmetic things are low; a stopped service on which all depends is critical when it hits everyone, else
 * high; anything else that is stopped for everyone or without a way round is high; the rest is normal.
 * @param {boolean} whole @param {keyof typeof reach} who @param {keyof typeof state} how @param {boolean} stuck
 */
export function priority(whole, who, how, stuck) {
  if (how === 'odd') return 'low';
  if (how === 'stopped' && whole) return who === 'all' ? 'critical' : 'high';
  if (how === 'stopped' && (who === 'all' || stuck)) return 'high';
  return 'normal';
}

const labels = ['critical', 'high', 'normal', 'low'];

/** @returns {import('./layout.js').TaskFile} */
export function incidentTriage() {
  const random = makeRandom(7127);
  return {
    id: 'incident-triage',
    name: 'Incident triage',
    description: 'Give a reported fault its priority: critical, high, normal or low.',
    note: 'A good prompt says: cosmetic faults are low; a service on which everything depends (login, payments, orders, phone) that is down for everyone is critical, down for fewer is high; any other that is down for everyone or without a way round is high; the rest is normal.',
    initialPrompt: 'Give the priority of the report: critical, high, normal or low.',
    metric: { kind: 'choice', options: labels },
    position: 'before',
    markers: { input: 'Report', answer: 'Priority' },
    answerTokens: 8,
    splits: splitsOf('incident', (index) => {
      for (;;) {
        const service = random.pick(services);
        const who = random.pick(/** @type {(keyof typeof reach)[]} */ (['all', 'some', 'one']));
        const how = random.pick(/** @type {(keyof typeof state)[]} */ (['stopped', 'slow', 'odd']));
        const stuck = random.chance(50);
        const gold = priority(service.whole, who, how, stuck);
        if (gold !== labels[index % labels.length]) continue;
        const told = `${random.pick(openings)} ${service.name} ${random.pick(state[how])} ${random.pick(reach[who])}.`;
        const input = how === 'odd' ? told : `${told} ${random.pick(endings[stuck ? 'stuck' : 'around'])}`;
        return { input, gold };
      }
    }),
  };
}
