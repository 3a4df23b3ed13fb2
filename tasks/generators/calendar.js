/**
 * Dates of the Gregorian calendar by plain arithmetic, with no clock and no time zone.
 * @typedef {{ year: number, month: number, day: number }} Day `month` and `day` count from 1
 */

/** @param {number} year */
export const isLeap = (year) => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;

/** @param {number} year @param {number} month */
export function daysIn(year, month) {
  if (month === 2) return isLeap(year) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** The day `count` days later, earlier when negative. @param {Day} from @param {number} count @returns {Day} */
export function plusDays({ year, month, day }, count) {
  let left = day + count;
  while (left < 1) {
    if (--month < 1) [month, year] = [12, year - 1];
    left += daysIn(year, month);
  }
  while (left > daysIn(year, month)) {
    left -= daysIn(year, month);
    if (++month > 12) [month, year] = [1, year + 1];
  }
  return { year, month, day: left };
}

/** Same day of the month `count` months later; the month must have that day. @param {Day} from @param {number} count @returns {Day} */
export function plusMonths({ year, month, day }, count) {
  const months = year * 12 + month - 1 + count;
  const moved = { year: Math.floor(months / 12), month: (months % 12) + 1, day };
  if (day > daysIn(moved.year, moved.month)) throw new Error(`No such day: ${slashed(moved)}`);
  return moved;
}

/** MM/DD/YYYY @param {Day} date */
export const slashed = ({ year, month, day }) =>
  `${String(month).padStart(2, '0')}/${String(day).padStart(2, '0')}/${year}`;

export const monthNames = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
/** @param {number} month */
export function monthName(month) {
  const name = monthNames[month - 1];
  if (!name) throw new Error(`No such month: ${month}`);
  return name;
}
