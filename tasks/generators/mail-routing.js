import { splitsOf } from './layout.js';
import { makeRandom } from './random.js';

const labels = ['service', 'accounts', 'sales', 'people'];

/** @returns {import('./layout.js').TaskFile} */
export function mailRouting() {
  const random = makeRandom(11_593);
  const things = ['kettle', 'toaster', 'heater', 'lamp', 'blender', 'iron', 'fan', 'scale'];
  const jobs = ['driver', 'baker', 'clerk', 'designer', 'welder', 'planner'];
  const parts = ['Hello.', 'Good day.', 'Dear all.', 'Hi there.', 'To whom it may concern.'];

  /** Mails by who should get them; refunds go by their sum, and large orders by their size. @type {Record<string, (() => string)[]>} */
  const mails = {
    service: [
      () => `My ${random.pick(things)} arrived with a dent, can it be exchanged?`,
      () => `How do I clean the ${random.pick(things)} without scratching it?`,
      () => `Please refund ${random.between(5, 49)} euros for the ${random.pick(things)}, it does not fit.`,
      () => `I want to order ${random.between(1, 9)} spare parts for the ${random.pick(things)}.`,
    ],
    accounts: [
      () => `Invoice ${random.between(1000, 9999)} lists the ${random.pick(things)} twice.`,
      () => `Please refund ${random.between(51, 900)} euros for the ${random.pick(things)}, it does not fit.`,
      () => `We changed banks; from now on use the account ending in ${random.between(100, 999)}.`,
      () => `The reminder for order ${random.between(1000, 9999)} crossed with our payment.`,
    ],
    sales: [
      () => `I want to order ${random.between(20, 400)} pieces of the ${random.pick(things)} for our hotel.`,
      () => `Would you give a talk about the new ${random.pick(things)} in our magazine?`,
      () => `What would ${random.between(20, 400)} of the ${random.pick(things)} cost us with delivery?`,
      () => `Our shop would like to carry your ${random.pick(things)}; whom do we talk to?`,
    ],
    people: [
      () => `I am a ${random.pick(jobs)} and look for work from month ${random.between(1, 12)} on.`,
      () => `My sick note for week ${random.between(1, 52)} is attached.`,
      () => `Is the post of ${random.pick(jobs)}, number ${random.between(10, 99)}, still open?`,
      () => `Could a class of ${random.between(8, 30)} see what a ${random.pick(jobs)} does at your works?`,
    ],
  };
  return {
    id: 'mail-routing',
    name: 'Mail routing',
    description: 'Send a mail to the right department: service, accounts, sales or people.',
    note: 'A good prompt says: service handles faults, how-to questions, small orders and refunds under 50 euros; accounts handles invoices, payments and refunds from 50 euros; sales handles orders of 20 and more, resellers and the press; people handles jobs, applications, sick notes and visits.',
    initialPrompt: 'Which department should get this mail: service, accounts, sales or people?',
    metric: { kind: 'choice', options: labels },
    position: 'before',
    markers: { input: 'Mail', answer: 'Department' },
    answerTokens: 8,
    splits: splitsOf('mail', (index) => {
      const gold = labels[index % labels.length] ?? '';
      return { input: `${random.pick(parts)} ${random.pick(mails[gold] ?? [])()}`, gold };
    }),
  };
}
