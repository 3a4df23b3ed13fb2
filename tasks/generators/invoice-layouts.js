import { letters } from './invoice-letters.js';
import { share, sum } from './money.js';
import { statements } from './invoice-statements.js';

/**
 * @typedef {import('./random.js').Random} Random
 * @typedef {import('./money.js').Money} Money
 * @typedef {import('./money.js').Bill} Bill
 * @typedef {(random: Random, money: Money) => Bill} Layout one way in which a business writes its bills
 */

const dishes = [
  'Soup of the day',
  'Grilled trout',
  'Mushroom risotto',
  'House red 0.2l',
  'Lemonade',
  'Lamb curry',
  'Garlic bread',
  'Tiramisu',
  'Green salad',
  'Espresso',
  'Sparkling water',
];
const groceries = [
  'WHOLE MILK 2L',
  'RYE BREAD',
  'BANANAS 1.1KG',
  'OLIVE OIL',
  'CAT FOOD X6',
  'FREE RANGE EGGS',
  'DISH SOAP',
  'CHEDDAR 400G',
  'COFFEE BEANS',
  'TOMATOES',
];
const goods = [
  'wool blanket',
  'desk lamp',
  'garden hose 20 m',
  'set of 6 glasses',
  'rain jacket, M',
  'cast-iron pan',
  'board game',
  'phone case',
  'door mat',
  'wall clock',
];
const repairs = [
  'Front brake pads',
  'Oil filter',
  'Engine oil 5W-30, 4.5 l',
  'Wiper blades',
  'Battery 60 Ah',
  'Timing belt',
  'Tyre 195/65 R15',
];

/** @param {Random} random @param {number} low @param {number} high in whole units of money */
const amount = (random, low, high) => {
  const cents = random.between(low * 100, high * 100);
  return random.chance(50) ? cents - (cents % 5) : cents;
};
/** @param {Random} random @param {readonly string[]} names @param {number} low @param {number} high */
const lines = (random, names, low, high) =>
  random.sample(names, random.between(2, 5)).map((name) => ({ name, cents: amount(random, low, high) }));

/** @type {Layout} */
const restaurant = (random, money) => {
  const items = lines(random, dishes, 3, 28);
  const parts = items.map((item) => item.cents);
  const subtotal = sum(parts);
  const tax = share(subtotal, random.pick([6, 8, 9, 10]));
  const due = subtotal + tax;
  const text = [
    random.pick(['THE COPPER POT', 'Trattoria Lina', 'Blue Door Bistro', 'Station Grill']),
    `Table ${random.between(1, 40)}   Guests ${random.between(1, 6)}`,
    ...items.map((item) => `${item.name} ... ${money(item.cents)}`),
    `Subtotal ${money(subtotal)}`,
    `Tax ${money(tax)}`,
    `${random.pick(['Total', 'TOTAL', 'Please pay'])} ${money(due)}`,
    `Suggested tip: 15% ${money(share(due, 15))} / 20% ${money(share(due, 20))}`,
  ].join('\n');
  return { text, parts: [...parts, tax], due };
};

/** @type {Layout} */
const till = (random, money) => {
  const items = lines(random, groceries, 1, 12);
  const parts = items.map((item) => item.cents);
  const due = sum(parts);
  const cash = Math.ceil(due / 1000) * 1000 + random.pick([0, 1000]);
  const text = [
    random.pick(['FRESHWAY STORE 114', 'CORNER MARKET', 'MIKKO FOODS LTD', 'HILLSIDE GROCERS']),
    ...items.map((item) => `${item.name.padEnd(18)}${money(item.cents)}`),
    `${items.length} ITEMS  ${random.pick(['TOTAL', 'TO PAY', 'AMOUNT DUE'])} ${money(due)}`,
    `CASH ${money(cash)}`,
    `CHANGE ${money(cash - due)}`,
    `VAT INCLUDED ${money(share(due, 7))}`,
    'THANK YOU FOR SHOPPING WITH US',
  ].join('\n');
  return { text, parts, due };
};

/** @type {Layout} */
const loyalty = (random, money) => {
  const items = lines(random, groceries, 2, 15);
  const parts = items.map((item) => item.cents);
  const before = sum(parts);
  const saved = share(before, random.pick([5, 10, 12]));
  const due = before - saved;
  const text = [
    ...items.map((item) => `${item.name}  ${money(item.cents)}`),
    `Sub-total  ${money(before)}`,
    `Club card saving  -${money(saved)}`,
    `${random.pick(['Balance due', 'Total to pay', 'TOTAL'])}  ${money(due)}`,
    `Paid by card ending ${random.between(1000, 9999)}`,
    `You could have saved ${money(saved * 2)} with Club Plus!`,
  ].join('\n');
  return { text, parts: [...parts, -saved], due };
};

/** @type {Layout} */
const webshop = (random, money) => {
  const items = lines(random, goods, 9, 140);
  const parts = items.map((item) => item.cents);
  const shipping = random.pick([395, 490, 650, 1299]);
  const voucher = random.pick([500, 1000, 1500]);
  const due = sum(parts) + shipping - voucher;
  const text = [
    `Order ${random.between(100000, 999999)} confirmed`,
    ...items.map((item) => `1 x ${item.name}: ${money(item.cents)}`),
    `Goods: ${money(sum(parts))}`,
    `${random.pick(['Shipping', 'Delivery', 'Postage and packing'])}: ${money(shipping)}`,
    `${random.pick(['Gift card', 'Voucher', 'Promo code HELLO'])}: -${money(voucher)}`,
    `${random.pick(['Order total', 'You pay', 'Amount due'])}: ${money(due)}`,
    `Orders over ${money(25000)} ship free.`,
  ].join('\n');
  return { text, parts: [...parts, shipping, -voucher], due };
};

/** @type {Layout} */
const garage = (random, money) => {
  const items = lines(random, repairs, 12, 190);
  const hours = random.between(1, 6);
  const rate = random.pick([6500, 7200, 8800, 9500]);
  const net = sum(items.map((item) => item.cents)) + hours * rate;
  const vat = share(net, random.pick([19, 20, 21]));
  const due = net + vat;
  const estimate = Math.round(due / 5000) * 5000 + random.pick([-5000, 5000, 10000]);
  const text = [
    `${random.pick(['Hobbs & Daughter Motors', 'Ring Road Garage', 'AUTO NOVAK'])} - Invoice ${random.between(200, 9900)}`,
    `Vehicle: ${random.pick(['Golf', 'Corolla', 'Clio', 'Fiesta'])}, ${random.between(20, 180)},${random.between(100, 999)} km`,
    ...items.map((item) => `${item.name} | ${money(item.cents)}`),
    `Labour ${hours} h @ ${money(rate)} | ${money(hours * rate)}`,
    `Net | ${money(net)}`,
    `VAT | ${money(vat)}`,
    ...(random.chance(60) ? [`(Our estimate was ${money(estimate)}.)`] : []),
    `${random.pick(['Gross', 'Invoice total', 'TOTAL DUE'])} | ${money(due)}`,
  ].join('\n');
  return { text, parts: [...items.map((item) => item.cents), hours * rate, vat], due };
};

/** @type {Layout} */
const wholesale = (random, money) => {
  const rows = random.sample(goods, random.between(2, 4)).map((name) => {
    const units = random.pick([6, 10, 12, 24, 50]);
    const price = amount(random, 2, 40);
    return { text: `${name} ; ${units} ; ${money(price)} ; ${money(units * price)}`, cents: units * price };
  });
  const parts = rows.map((row) => row.cents);
  const freight = amount(random, 20, 90);
  const due = sum(parts) + freight;
  const text = [
    `INVOICE NO. ${random.between(10000, 99999)}   Terms: 30 days`,
    'Item ; Qty ; Unit ; Amount',
    ...rows.map((row) => row.text),
    `Merchandise ; ; ; ${money(sum(parts))}`,
    `Freight ; ; ; ${money(freight)}`,
    `${random.pick(['Total', 'Total amount due', 'INVOICE TOTAL'])} ; ; ; ${money(due)}`,
    `If paid within 10 days you may deduct 2% (${money(share(due, 2))}).`,
  ].join('\n');
  return { text, parts: [...parts, freight], due };
};

/** @type {Layout} */
const taxi = (random, money) => {
  const fare = amount(random, 9, 60);
  const airport = random.pick([350, 500]);
  const tip = random.pick([0, 200, 300, 500]);
  const due = fare + airport + tip;
  const text = [
    `CITY CABS receipt ${random.between(1, 28)}/${random.between(1, 12)}  Cab ${random.between(10, 900)}`,
    `Distance ${random.between(4, 40)}.${random.between(0, 9)} km`,
    `Meter ${money(fare)} + airport ${money(airport)} + tip ${money(tip)} = ${money(due)}`,
    `Waiting time is ${money(60)} a minute.`,
  ].join('\n');
  return { text, parts: [fare, airport, tip], due };
};

/** @type {Layout[]} */
export const invoiceLayouts = [
  restaurant,
  till,
  loyalty,
  webshop,
  garage,
  wholesale,
  taxi,
  ...statements,
  ...letters,
];
