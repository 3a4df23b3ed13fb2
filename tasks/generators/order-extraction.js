import { monthNames as months } from './calendar.js';
import { splitsOf } from './layout.js';
import { fullName } from './people.js';
import { makeRandom } from './random.js';

const items = [
  'desk lamp',
  'office chair',
  'water filter',
  'label printer',
  'standing desk',
  'coat rack',
  'webcam',
  'whiteboard',
  'bookshelf',
  'footrest',
];
const words = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];

/** @returns {import('./layout.js').TaskFile} */
export function orderExtraction() {
  const random = makeRandom(8219);
  return {
    id: 'order-extraction',
    name: 'Order extraction',
    description: 'Read an order from a mail into JSON: customer, item, quantity and delivery date.',
    note: 'A good prompt names the four fields customer, item, quantity and date, asks for the quantity as a number, the item in the singular, the date as YYYY-MM-DD, says that the customer is who the goods are for, and that a correction later in the mail wins.',
    initialPrompt: 'Extract the order as JSON.',
    metric: { kind: 'json', fields: ['customer', 'item', 'quantity', 'date'] },
    position: 'before',
    markers: { input: 'Mail', answer: 'JSON' },
    answerTokens: 96,
    splits: splitsOf('order', () => {
      const [writer, customer] = [fullName(random), fullName(random)];
      const item = random.pick(items);
      const first = random.between(1, 9);
      const corrected = random.chance(30);
      const quantity = corrected ? (first % 9) + 1 : first;
      const [month, day] = [random.between(1, 12), random.between(1, 28)];
      const count = (/** @type {number} */ n) => (random.chance(50) ? String(n) : (words[n - 1] ?? ''));
      const many = item.endsWith('shelf') ? item.replace(/shelf$/, 'shelves') : `${item}s`;
      const goods = (/** @type {number} */ n) => `${count(n)} ${n === 1 ? item : many}`;
      const date = random.chance(50)
        ? `${day} ${months[month - 1]} 2027`
        : `${months[month - 1]} ${day}, 2027`;
      const forOther = random.chance(50);
      const who = forOther ? customer : writer;
      const asks = random.pick(['please send', 'we would like to order', 'could you deliver', 'I need']);
      const input = [
        random.pick(['Hello,', 'Good morning,', 'Dear all,', 'Hi,']),
        `${asks} ${goods(first)}${forOther ? ` for ${customer}` : ''}, to arrive on ${date}.`,
        corrected
          ? `Sorry, make that ${count(quantity)} of them.`
          : random.pick(['The colour does not matter.', 'The usual address is fine.', 'Please confirm.']),
        `${random.pick(['Regards,', 'Thanks,', 'Best wishes,'])} ${writer}`,
      ].join(' ');
      const pad = (/** @type {number} */ n) => String(n).padStart(2, '0');
      return {
        input,
        gold: JSON.stringify({ customer: who, item, quantity, date: `2027-${pad(month)}-${pad(day)}` }),
      };
    }),
  };
}
