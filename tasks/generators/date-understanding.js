import { daysIn, monthName, plusDays, plusMonths, slashed } from './calendar.js';
import { examplesInAll, splitsOf } from './layout.js';
import { makeRandom } from './random.js';

/** @typedef {import('./calendar.js').Day} Day */
/** @typedef {import('./random.js').Random} Random */

const people = ['Jane', 'Omar', 'Mei', 'Lucas', 'Priya', 'Anna', 'Tomas', 'Ruth', 'Kofi', 'Elena'];
const ordinals = [
  'first',
  'second',
  'third',
  'fourth',
  'fifth',
  'sixth',
  'seventh',
  'eighth',
  'ninth',
  'tenth',
];

/** @param {Day} date */
const long = ({ year, month, day }) => `${monthName(month)} ${day}, ${year}`;
/** @param {Day} date */
const short = ({ year, month, day }) => `${monthName(month).slice(0, 3)} ${day}, ${year}`;
/** @param {Day} date */
const british = ({ year, month, day }) =>
  `${String(day).padStart(2, '0')}/${String(month).padStart(2, '0')}/${year}`;
/** @param {Random} random @param {Day} date */
const anyhow = (random, date) => random.pick([long, short, slashed])(date);

/**
 * Ways to tell which day today is. Each gets a day on or before the 28th, so that a month or a year away from it
 * always exists; those that need a special day choose their own.
 * @type {((random: Random, today: Day) => [today: Day, text: string])[]}
 */
const openings = [
  (random, today) => [today, `Today is ${anyhow(random, today)}.`],
  (random, today) => [today, `It is ${slashed(today)} today.`],
  (random, today) => [today, `Yesterday was ${anyhow(random, plusDays(today, -1))}.`],
  (random, today) => [today, `Tomorrow is ${anyhow(random, plusDays(today, 1))}.`],
  (random, today) => {
    const days = random.between(2, 9);
    const deadline = short(plusDays(today, days));
    return [today, `The deadline is ${deadline}, which is ${days} days away from now.`];
  },
  (random, today) => [
    today,
    `In Britain people write the day before the month, so to ${random.pick(people)} in London today is ${british(today)}.`,
  ],
  (random, today) => {
    const days = random.between(20, 300);
    const left = short(plusDays(today, -days));
    return [
      today,
      `${random.pick(people)} moved out on ${left}. Exactly ${days} days have passed since then.`,
    ];
  },
  (random, today) => {
    const [one = '', two = ''] = random.sample(people, 2);
    const wrong = slashed(plusDays(today, random.pick([-1, 1])));
    return [
      today,
      random.chance(50)
        ? `${one} thinks today is ${slashed(today)}, but ${two} thinks today is ${wrong}. ${one} is right.`
        : `${one} thinks today is ${wrong}, but ${two} thinks today is ${slashed(today)}. ${two} is right.`,
    ];
  },
  (random, today) => {
    const years = random.between(2, 30);
    const [one, two] = random.sample(people, 2);
    const wedding = short(plusMonths(today, -12 * years));
    return [
      today,
      `${one} and ${two} married on ${wedding}. Today is the ${years}-year anniversary of the day.`,
    ];
  },
  (random, today) => {
    const visits = random.between(3, 10);
    const first = plusMonths(today, 1 - visits);
    return [
      today,
      `${random.pick(people)} goes to the library on day ${today.day} of each month, since ${monthName(first.month)} ${first.year}. ` +
        `Today is the ${ordinals[visits - 1]} visit.`,
    ];
  },
  (random, { year }) => [
    { year, month: 12, day: 24 },
    `Today is Christmas Eve of ${year}, and ${random.pick(people)} is wrapping presents.`,
  ],
  (_, { year }) => [{ year, month: 12, day: 31 }, `This is the last day of ${year}.`],
  (random, { year }) => {
    const month = random.pick([4, 6, 9, 11]);
    const today = { year, month, day: daysIn(year, month) };
    return [today, `${random.pick(people)} is celebrating the last day of ${monthName(month)} ${year}.`];
  },
  (random, today) => {
    const flight = long(plusDays(today, 1));
    return [today, `${random.pick(people)} booked a flight for tomorrow, ${flight}.`];
  },
  (random, { year, month }) => {
    const nth = random.between(1, 10);
    return [
      { year, month, day: nth },
      `Today is the ${ordinals[nth - 1]} day of ${monthName(month)} ${year}.`,
    ];
  },
  (random, today) => [
    today,
    `${random.pick(people)}'s meeting, first set for ${long(plusDays(today, random.pick([-3, -2, 2, 4])))}, is today, ${long(today)}.`,
  ],
];

/** @type {[asked: string, move: (today: Day) => Day][]} */
const questions = [
  ['today', (day) => day],
  ['tomorrow', (day) => plusDays(day, 1)],
  ['yesterday', (day) => plusDays(day, -1)],
  ['one week from today', (day) => plusDays(day, 7)],
  ['one week ago from today', (day) => plusDays(day, -7)],
  ['10 days ago', (day) => plusDays(day, -10)],
  ['24 hours later', (day) => plusDays(day, 1)],
  ['a month ago', (day) => plusMonths(day, -1)],
  ['one year ago from today', (day) => plusMonths(day, -12)],
];

/** Wrong dates that a hasty reader might give, and dates near the right one. @param {Random} random @param {Day} right @param {Day} today */
function wrongDates(random, right, today) {
  const { year, month, day } = right;
  const near = [
    today,
    plusDays(right, 1),
    plusDays(right, -1),
    plusDays(right, random.between(2, 14)),
    plusDays(right, -random.between(2, 14)),
    { year: year + random.pick([-1, 1]), month, day: Math.min(day, 28) },
    { year: year + random.pick([-10, 10, -50]), month, day: Math.min(day, 28) },
    { year, month: (month % 12) + 1, day: Math.min(day, 28) },
    { year, month: ((month + 10) % 12) + 1, day: Math.min(day, 28) },
    ...(day <= 12 ? [{ year, month: day, day: month }] : []),
  ].map(slashed);
  return random.sample(
    [...new Set(near)].filter((date) => date !== slashed(right)),
    5,
  );
}

const letters = ['A', 'B', 'C', 'D', 'E', 'F'];

/** @returns {import('./layout.js').TaskFile} */
export function dateUnderstanding() {
  const random = makeRandom(2281);
  // Each letter is right once in every six examples, in an order drawn anew for each six.
  const places = Array.from({ length: examplesInAll / 6 }, () => random.shuffled([0, 1, 2, 3, 4, 5])).flat();
  return {
    id: 'date-understanding',
    name: 'Date understanding',
    description: 'Find out which day today is, move from there, and choose the right date among six.',
    note: 'Written by tasks/generate.js; same kind of question as in BIG-Bench Hard. The letters A to F are right equally often.',
    initialPrompt: 'Answer the question by choosing one of the options.',
    metric: { kind: 'choice' },
    position: 'before',
    markers: { input: 'Q', answer: 'A' },
    answerTokens: 8,
    splits: splitsOf('date', (index) => {
      const place = places[index] ?? 0;
      for (;;) {
        const day = {
          year: random.between(1925, 2030),
          month: random.between(1, 12),
          day: random.between(1, 28),
        };
        const [today, text] = random.pick(openings)(random, day);
        const [asked, move] = random.pick(questions);
        // The 31st has no day a month earlier, and nobody needs to ask what day today is when the text says so.
        if (today.day > 28 && asked === 'a month ago') continue;
        const right = move(today);
        if (asked === 'today' && text.includes(slashed(today))) continue;
        const options = wrongDates(random, right, today);
        options.splice(place, 0, slashed(right));
        const list = options.map((date, i) => `(${letters[i]}) ${date}`);
        const input = `${text} What is the date ${asked} in MM/DD/YYYY?\nOptions:\n${list.join('\n')}`;
        return { input, gold: `(${letters[place]})` };
      }
    }),
  };
}
