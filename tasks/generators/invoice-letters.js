import { share } from './money.js';

/** Bills written as a person writes, in a message or a letter. */

/** @typedef {import('./invoice-layouts.js').Layout} Layout */

const names = ['Tom', 'Aisha', 'Mrs Berg', 'Daniel', 'Yuki', 'Mr Costa', 'Hannah', 'Ivan'];

/** @type {Layout} */
const plumber = (random, money) => {
  const visit = random.pick([4500, 6000, 7500]);
  const parts = random.between(900, 14000);
  const work = random.between(2, 6) * random.pick([3200, 4000]);
  const due = visit + parts + work;
  const text =
    `Hi ${random.pick(names)}, thanks for having me round on ${random.pick(['Monday', 'Tuesday', 'Friday'])}. ` +
    `The call-out is ${money(visit)}, the ${random.pick(['valve', 'pump', 'tap and hose', 'cistern'])} came to ${money(parts)} ` +
    `and my time is ${money(work)}. ${random.pick(['So that makes', 'All in, that is', 'Altogether it is'])} ${money(due)}. ` +
    `A new boiler would be about ${money(random.between(18, 32) * 10000)}, if you ever want one.`;
  return { text, parts: [visit, parts, work], due };
};

/** @type {Layout} */
const lessons = (random, money) => {
  const count = random.between(3, 12);
  const price = random.pick([2500, 3200, 3500, 4050]);
  const advance = random.between(1, count - 1) * 1000;
  const due = count * price - advance;
  const text =
    `${random.pick(names)}: ${count} ${random.pick(['piano', 'maths', 'riding', 'Spanish'])} lessons at ${money(price)} each is ${money(count * price)}, ` +
    `you gave me ${money(advance)} in advance, ${random.pick(['so it is', 'which leaves', 'so please send'])} ${money(due)}. ` +
    `From next month a lesson costs ${money(price + 300)}. Thanks!`;
  return { text, parts: [count * price, -advance], due };
};

/** @type {Layout} */
const catering = (random, money) => {
  const guests = random.between(15, 120);
  const head = random.pick([1850, 2400, 3175]);
  const menu = guests * head;
  const half = Math.floor(menu / 2);
  const staff = random.between(10, 60) * 1000;
  const due = menu - half + staff;
  const text =
    `Dear ${random.pick(names)},\n` +
    `please find below the final account for the ${random.pick(['wedding', 'anniversary', 'summer party'])}. ` +
    `The menu for ${guests} guests at ${money(head)} was ${money(menu)}, of which you paid ${money(half)} in ${random.pick(['March', 'June'])}. ` +
    `Waiting staff, ordered later, add ${money(staff)}. ` +
    `${random.pick(['We therefore ask you to transfer', 'That leaves a balance of', 'The sum now payable is'])} ${money(due)}. ` +
    `The hall is billed separately (${money(random.between(20, 90) * 1000)}) by the council.`;
  return { text, parts: [menu, -half, staff], due };
};

/** @type {Layout} */
const trip = (random, money) => {
  const cost = random.between(90, 420) * 100;
  const insurance = random.between(8, 30) * 100;
  const first = random.between(20, 45) * 100;
  const second = random.between(20, 45) * 100;
  const due = cost + insurance - first - second;
  const text =
    `To the parents of ${random.pick(names)}: the ${random.pick(['ski week', 'museum trip', 'sailing camp', 'class visit to Vienna'])} costs ${money(cost)} ` +
    `plus ${money(insurance)} insurance. We have received ${money(first)} and ${money(second)} from you so far. ` +
    `${random.pick(['The rest', 'The remaining amount', 'What is left to pay'])}, ${money(due)}, is due before the holidays. ` +
    `Pocket money: not more than ${money(random.pick([2000, 3000, 4000]))}, please.`;
  return { text, parts: [cost, insurance, -first, -second], due };
};

/** @type {Layout} */
const correction = (random, money) => {
  const wrong = random.between(12000, 90000);
  const right = wrong - random.between(1000, 9000);
  const freight = random.between(900, 4500);
  const due = right + freight;
  const text =
    `CORRECTED INVOICE ${random.between(300, 999)}, replaces the one for ${money(wrong + freight)}, which please destroy. ` +
    `${random.pick(['Oak boards', 'Printer paper', 'Seed potatoes', 'Work gloves'])} ${money(right)} (not ${money(wrong)}), carriage ${money(freight)}. ` +
    `${random.pick(['Payable', 'Total due', 'Correct total'])}: ${money(due)}`;
  return { text, parts: [right, freight], due };
};

/** @type {Layout} */
const compact = (random, money) => {
  const net = random.between(4000, 190000);
  const percent = random.pick([7, 19, 20]);
  const vat = share(net, percent);
  const due = net + vat;
  const text =
    `Inv ${random.between(1000, 9999)} / cust ${random.between(100, 999)} / ${random.pick(['toner', 'window cleaning', 'pest control', 'van hire'])} / ` +
    `net ${money(net)} / vat ${percent}% ${money(vat)} / gross ${money(due)} / ` +
    `${random.pick(['credit limit', 'last invoice (paid)', 'turnover this year'])} ${money(net * random.between(3, 9))}`;
  return { text, parts: [net, vat], due };
};

/** @type {Layout} */
const rent = (random, money) => {
  const base = random.between(420, 1450) * 100;
  const heating = random.between(40, 160) * 100;
  const credit = random.between(1000, 15000);
  const due = base + heating - credit;
  const text =
    `Rent notice for ${random.pick(['May', 'June', 'September'])}, flat ${random.between(1, 30)}. Rent ${money(base)}, heating in advance ${money(heating)}, ` +
    `so usually ${money(base + heating)}. Last year's heating cost less than you paid, and we credit you with ${money(credit)}: ` +
    `${random.pick(['this month please pay only', 'the amount due this month is', 'we shall debit'])} ${money(due)}. ` +
    `Your deposit of ${money(base * 3)} remains with us.`;
  return { text, parts: [base, heating, -credit], due };
};

export const letters = [plumber, lessons, catering, trip, correction, compact, rent];
