import { monthNames as months } from './calendar.js';
import { splitsOf } from './layout.js';
import { makeRandom } from './random.js';

/** @param {number} day */
const ordinal = (day) =>
  `${day}${day % 10 === 1 && day !== 11 ? 'st' : day % 10 === 2 && day !== 12 ? 'nd' : day % 10 === 3 && day !== 13 ? 'rd' : 'th'}`;

/** @returns {import('./layout.js').TaskFile} */
export function dateNormalisation() {
  const random = makeRandom(13_763);
  return {
    id: 'date-normalisation',
    name: 'Date normalisation',
    description: 'Write a date, in whatever form it comes, as YYYY-MM-DD.',
    note: 'A good prompt says: answer as YYYY-MM-DD and nothing else; with dots or dashes the day comes first, with slashes the month; a year of two digits is 20xx.',
    initialPrompt: 'Write the date in standard form.',
    metric: { kind: 'exact' },
    position: 'before',
    markers: { input: 'Date', answer: 'Standard' },
    answerTokens: 16,
    splits: splitsOf('date', () => {
      const [year, month, day] = [random.between(2019, 2031), random.between(1, 12), random.between(1, 28)];
      const name = months[month - 1] ?? '';
      const pad = (/** @type {number} */ n) => String(n).padStart(2, '0');
      const input = random.pick([
        `${day} ${name} ${year}`,
        `${name} ${ordinal(day)}, ${year}`,
        `the ${ordinal(day)} of ${name} ${year}`,
        `${name.slice(0, 3)} ${day} '${pad(year % 100)}`,
        `${pad(day)}.${pad(month)}.${year}`,
        `${day}-${month}-${pad(year % 100)}`,
        `${month}/${day}/${year}`,
        `${pad(month)}/${pad(day)}/${pad(year % 100)}`,
      ]);
      return { input, gold: `${year}-${pad(month)}-${pad(day)}` };
    }),
  };
}
