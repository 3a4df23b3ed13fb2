import { invoiceLayouts } from './invoice-layouts.js';
import { splitsOf } from './layout.js';
import { decimal, moneyIn } from './money.js';
import { makeRandom } from './random.js';

/**
 * All bills with their reckoning, in the order of the examples.
 * @returns {{ file: import('./layout.js').TaskFile, bills: Map<string, import('./money.js').Bill> }}
 */
export function invoices() {
  const random = makeRandom(9173);
  /** @type {Map<string, import('./money.js').Bill>} */
  const bills = new Map();
  /** Every layout once in a random order, then again: no split lacks any. @type {typeof invoiceLayouts} */
  let coming = [];
  const splits = splitsOf('invoice', () => {
    if (coming.length === 0) coming = random.shuffled(invoiceLayouts);
    const layout = coming.pop();
    if (!layout) throw new Error('There is no layout.');
    const bill = layout(random, moneyIn(random));
    bills.set(bill.text, bill);
    return { input: bill.text, gold: decimal(bill.due) };
  });
  return {
    bills,
    file: {
      id: 'invoice-total',
      name: 'Invoice total',
      description: 'Read a bill, receipt or statement and give the total amount due.',
      note: 'What the customer has to pay for this bill once all that stands on it is counted: tax, tips and fees, discounts, deposits and earlier payments, unpaid balances. Cash handed over and change given do not count; neither do deposits that will be returned or discounts for early payment. Written by tasks/generate.js.',
      initialPrompt: 'Find the total in the text.',
      metric: { kind: 'number', decimals: 2 },
      position: 'before',
      markers: { input: 'Invoice', answer: 'Total' },
      answerTokens: 16,
      splits,
    },
  };
}

export const invoiceTotal = () => invoices().file;
