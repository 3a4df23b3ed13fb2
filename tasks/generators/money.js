/**
 * Amounts are whole cents.
 * @typedef {(cents: number) => string} Money how a bill writes an amount
 * @typedef {{ text: string, parts: number[], due: number }} Bill `parts` are charges, and credits below zero; `due` is
 *   the sum that the layout arrived at
 */

/** `1234.50` @param {number} cents */
export const decimal = (cents) => `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;

/** `1,234.50` @param {number} cents */
const grouped = (cents) => decimal(cents).replace(/\d(?=(\d{3})+\.)/g, '$&,');

/** One way of writing money for a whole bill. @param {import('./random.js').Random} random @returns {Money} */
export function moneyIn(random) {
  /** @type {Money[]} */
  const ways = [
    (cents) => `$${grouped(cents)}`,
    (cents) => `£${grouped(cents)}`,
    (cents) => `€${grouped(cents)}`,
    (cents) => `${grouped(cents)} EUR`,
    (cents) => `USD ${grouped(cents)}`,
    decimal,
    grouped,
  ];
  return random.pick(ways);
}

/** @param {readonly number[]} amounts */
export const sum = (amounts) => amounts.reduce((total, amount) => total + amount, 0);

/** `percent` of an amount, rounded to a whole cent. @param {number} cents @param {number} percent */
export const share = (cents, percent) => Math.round((cents * percent) / 100);
