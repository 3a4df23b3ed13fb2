import { share } from './money.js';

/** Bills that carry something over: an earlier balance, a deposit, an instalment, an insurer's part. */

/** @typedef {import('./invoice-layouts.js').Layout} Layout */

const months = ['January', 'February', 'April', 'May', 'July', 'August', 'October', 'November'];

/** @type {Layout} */
const electricity = (random, money) => {
  const previous = random.between(3000, 19000);
  const energy = random.between(2500, 24000);
  const standing = random.pick([890, 1240, 1575]);
  const tax = share(energy + standing, 5);
  const due = energy + standing + tax;
  const text = [
    `${random.pick(['Northgrid Energy', 'Valley Power', 'Bright & Co Electricity'])}: your ${random.pick(months)} bill`,
    `Previous balance ${money(previous)}`,
    `Payment received, thank you -${money(previous)}`,
    `${random.between(90, 780)} kWh used ${money(energy)}`,
    `Standing charge ${money(standing)}`,
    `Tax at 5% ${money(tax)}`,
    `${random.pick(['Amount due', 'New balance', 'Please pay'])} ${money(due)} by the ${random.between(2, 28)}th`,
    `Same month last year: ${money(due + random.between(-2000, 4000))}`,
  ].join('\n');
  return { text, parts: [previous, -previous, energy, standing, tax], due };
};

/** @type {Layout} */
const phone = (random, money) => {
  const plan = random.pick([1499, 1999, 2750, 3900]);
  const extra = random.between(120, 2400);
  const unpaid = random.between(1000, 5200);
  const fee = random.pick([300, 500, 750]);
  const due = plan + extra + unpaid + fee;
  const text =
    `Mobile no. ending ${random.between(100, 999)}. Plan ${random.pick(['S', 'M', 'Family'])} ${money(plan)}, calls abroad ${money(extra)}. ` +
    `This month ${money(plan + extra)}. ` +
    `Brought forward from last month (unpaid): ${money(unpaid)}. Late fee: ${money(fee)}. ` +
    `${random.pick(['Total now due', 'Amount to be debited', 'Balance to pay'])}: ${money(due)}.`;
  return { text, parts: [plan, extra, unpaid, fee], due };
};

/** @type {Layout} */
const builder = (random, money) => {
  const days = random.between(2, 9);
  const rate = random.pick([24000, 28000, 31050]);
  const materials = random.between(8000, 260000);
  const total = days * rate + materials;
  const deposit = Math.round((total * random.pick([20, 25, 30])) / 10000) * 100;
  const due = total - deposit;
  const text = [
    `${random.pick(['Marsh Roofing', 'P. Adeyemi, Joiner', 'Stone & Tile Ltd'])}   INVOICE`,
    `Job: ${random.pick(['garden wall', 'bathroom tiles', 'porch roof', 'kitchen floor', 'loft stairs'])}`,
    `${days} days at ${money(rate)}: ${money(days * rate)}`,
    `Materials as listed: ${money(materials)}`,
    `Contract total: ${money(total)}`,
    `Less deposit paid: ${money(deposit)}`,
    `${random.pick(['Balance due', 'Now payable', 'Remaining to be paid'])}: ${money(due)}`,
  ].join('\n');
  return { text, parts: [days * rate, materials, -deposit], due };
};

/** @type {Layout} */
const hotel = (random, money) => {
  const nights = random.between(1, 7);
  const rate = random.between(60, 240) * 100;
  const bar = random.between(900, 9000);
  const cityTax = nights * random.pick([200, 350]);
  const prepaid = rate;
  const total = nights * rate + bar + cityTax;
  const due = total - prepaid;
  const text = [
    `| ${random.pick(['HOTEL MIRADOR', 'The Old Mill Inn', 'Seaview Rooms'])} | Room ${random.between(101, 540)} |`,
    `| ${nights} ${nights === 1 ? 'night' : 'nights'} x ${money(rate)} | ${money(nights * rate)} |`,
    `| Bar and breakfast | ${money(bar)} |`,
    `| City tax | ${money(cityTax)} |`,
    `| Total of stay | ${money(total)} |`,
    `| First night prepaid at booking | -${money(prepaid)} |`,
    `| ${random.pick(['Due at check-out', 'To be settled', 'BALANCE'])} | ${money(due)} |`,
  ].join('\n');
  return { text, parts: [nights * rate, bar, cityTax, -prepaid], due };
};

/** @type {Layout} */
const dentist = (random, money) => {
  const exam = random.between(4500, 9000);
  const work = random.between(9000, 62000);
  const insurer = share(exam + work, random.pick([50, 60, 80]));
  const due = exam + work - insurer;
  const text = [
    `Statement for patient ${random.between(10000, 99999)}`,
    `Examination: ${money(exam)}`,
    `${random.pick(['Filling, two surfaces', 'Crown', 'Root treatment', 'Extraction'])}: ${money(work)}`,
    `Total charges: ${money(exam + work)}`,
    `Paid by insurance: ${money(insurer)}`,
    `${random.pick(['Patient responsibility', 'Your share', 'You owe'])}: ${money(due)}`,
    `Yearly maximum left: ${money(random.between(300, 1500) * 100)}`,
  ].join('\n');
  return { text, parts: [exam, work, -insurer], due };
};

/** @type {Layout} */
const carHire = (random, money) => {
  const days = random.between(2, 10);
  const rate = random.between(2900, 7900);
  const fuel = random.between(1500, 7000);
  const hold = random.pick([20000, 30000, 50000]);
  const due = days * rate + fuel;
  const text =
    `RENTAL AGREEMENT ${random.between(1000, 9999)}\n` +
    `${random.pick(['Compact', 'Estate', 'Van', 'Convertible'])}, ${days} days @ ${money(rate)} = ${money(days * rate)}\n` +
    `Refuelling ${money(fuel)}\n` +
    `Deposit held on card (released on return): ${money(hold)}\n` +
    `${random.pick(['TOTAL CHARGES', 'Amount payable', 'Rental total'])} ${money(due)}\n` +
    `Excess in case of damage ${money(hold * 2)}`;
  return { text, parts: [days * rate, fuel], due };
};

/** @type {Layout} */
const club = (random, money) => {
  const opening = random.between(1000, 12000);
  const dues = random.pick([4500, 6000, 8250]);
  const court = random.between(800, 5000);
  const paid = random.between(10, Math.floor(opening / 100)) * 100;
  const rows = /** @type {[string, number][]} */ ([
    ['Opening balance', opening],
    ['Quarterly dues', dues],
    [random.pick(['Court hire', 'Boat storage', 'Locker and towels']), court],
    ['Payment received', -paid],
  ]);
  let running = 0;
  const table = rows.map(([label, cents]) => {
    running += cents;
    return `${label}, ${cents < 0 ? '-' : ''}${money(Math.abs(cents))}, ${money(running)}`;
  });
  const text = [
    `${random.pick(['Lakeside Rowing Club', 'Park Tennis Club', 'Harbour Gym'])}: member statement`,
    'Entry, amount, balance',
    ...table,
    `${random.pick(['Closing balance due', 'Please remit', 'To pay this quarter'])}: ${money(running)}`,
  ].join('\n');
  return { text, parts: [opening, dues, court, -paid], due: running };
};

/** @type {Layout} */
const freelancer = (random, money) => {
  const hours = random.between(8, 70);
  const rate = random.pick([4500, 5500, 6800, 9000]);
  const travel = random.between(1500, 21000);
  const net = hours * rate + travel;
  const vat = share(net, 20);
  const gross = net + vat;
  const instalment = Math.round(gross / 30000) * 10000;
  const due = gross - instalment;
  const text = [
    `Final invoice ${random.between(2019, 2025)}-${random.between(1, 99)}, ${random.pick(['web design', 'translation', 'bookkeeping', 'photography'])}`,
    `${hours} h x ${money(rate)}  =  ${money(hours * rate)}`,
    `Travel  =  ${money(travel)}`,
    `Net  =  ${money(net)}   VAT 20%  =  ${money(vat)}   Gross  =  ${money(gross)}`,
    `First instalment, received with thanks  =  ${money(instalment)}`,
    `${random.pick(['Outstanding', 'Amount due within 14 days', 'Still to pay'])}  =  ${money(due)}`,
  ].join('\n');
  return { text, parts: [hours * rate, travel, vat, -instalment], due };
};

/** @type {Layout} */
const water = (random, money) => {
  const supply = random.between(1800, 9500);
  const sewage = share(supply, 85);
  const credit = random.between(300, 1700);
  const due = supply + sewage - credit;
  const text =
    `${random.pick(['Clearwell Water', 'Riverside Water Board'])}  ** AMOUNT DUE ${money(due)} **\n` +
    `How we worked it out: water ${money(supply)}, sewerage ${money(sewage)}, together ${money(supply + sewage)}; ` +
    `credit on your account ${money(credit)} has been taken off.\n` +
    `Meter ${random.between(1000, 4000)} to ${random.between(4001, 6000)}. Monthly plan instead: ${money(Math.ceil(due / 3))} a month.`;
  return { text, parts: [supply, sewage, -credit], due };
};

export const statements = [electricity, phone, builder, hotel, dentist, carHire, club, freelancer, water];
