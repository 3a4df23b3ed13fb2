/** What the simulated bench says of its runs: statistics by method, as Markdown and CSV. */

/** @typedef {import('./bench-worker.ts').Row} Row */

/** The 97.5 % point of the standard normal distribution. */
const Z = 1.959963984540054;

/** @type {(keyof Row)[]} */
const COLUMNS = [
  'method',
  'landscape',
  'seed',
  'initial',
  'final',
  'selected',
  'targetCalls',
  'optimizerCalls',
  'targetIn',
  'targetOut',
  'optimizerIn',
  'optimizerOut',
  'tokens',
  'tokensTo80',
  'tokensTo85',
  'reason',
];

/**
 * One line a run, in the order given; an accuracy that was never passed is an empty field.
 * @param {readonly Row[]} rows
 */
export function csv(rows) {
  const field = (/** @type {Row[keyof Row]} */ value) =>
    value === null ? '' : typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(4) : value;
  return (
    [COLUMNS.join(','), ...rows.map((row) => COLUMNS.map((name) => field(row[name])).join(','))].join('\n') +
    '\n'
  );
}

/**
 * Mean and half the width of its 95 % interval (normal, over runs).
 * @param {readonly number[]} values
 */
export function meanInterval(values) {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, n);
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, n - 1);
  return { mean, half: n < 2 ? Infinity : Z * Math.sqrt(variance / n) };
}

/**
 * The middle value, null counting as larger than all; null when the middle itself was never reached.
 * @param {readonly (number | null)[]} values
 */
export function medianReached(values) {
  const sorted = values.map((value) => value ?? Infinity).sort((a, b) => a - b);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)] ?? Infinity;
  return middle === Infinity ? null : middle;
}

/**
 * Mean rank of each method by final accuracy among the runs with the same landscape and seed; 1 is best, equals share.
 * @param {readonly Row[]} rows
 * @returns {Map<string, number>}
 */
export function meanRanks(rows) {
  /** @type {Map<string, Row[]>} */
  const races = new Map();
  for (const row of rows) {
    const key = `${row.landscape}/${row.seed}`;
    races.set(key, [...(races.get(key) ?? []), row]);
  }
  /** @type {Map<string, number[]>} */
  const ranks = new Map();
  for (const race of races.values()) {
    for (const row of race) {
      const better = race.filter((other) => other.final > row.final).length;
      const equal = race.filter((other) => other.final === row.final).length;
      ranks.set(row.method, [...(ranks.get(row.method) ?? []), better + (equal + 1) / 2]);
    }
  }
  return new Map([...ranks].map(([method, list]) => [method, meanInterval(list).mean]));
}

/**
 * @typedef {object} Line what is said of one method
 * @property {string} method
 * @property {number} runs
 * @property {number} final
 * @property {number} half
 * @property {number} rank
 * @property {{ tokens: number | null, runs: number }} to80
 * @property {{ tokens: number | null, runs: number }} to85
 * @property {number} targetCalls
 * @property {number} optimizerCalls
 * @property {number} targetIn
 * @property {number} targetOut
 * @property {number} optimizerIn
 * @property {number} optimizerOut
 */

/**
 * One line a method, best rank first.
 * @param {readonly Row[]} rows
 * @returns {Line[]}
 */
export function summarize(rows) {
  const ranks = meanRanks(rows);
  const lines = [...new Set(rows.map(({ method }) => method))].map((method) => {
    const mine = rows.filter((row) => row.method === method);
    /** @param {(row: Row) => number} of */
    const mean = (of) => meanInterval(mine.map(of)).mean;
    /** @param {(row: Row) => number | null} of */
    const reached = (of) => {
      const values = mine.map(of);
      return { tokens: medianReached(values), runs: values.filter((value) => value !== null).length };
    };
    const { mean: final, half } = meanInterval(mine.map((row) => row.final));
    return {
      method,
      runs: mine.length,
      final,
      half,
      rank: ranks.get(method) ?? 0,
      to80: reached((row) => row.tokensTo80),
      to85: reached((row) => row.tokensTo85),
      targetCalls: mean((row) => row.targetCalls),
      optimizerCalls: mean((row) => row.optimizerCalls),
      targetIn: mean((row) => row.targetIn),
      targetOut: mean((row) => row.targetOut),
      optimizerIn: mean((row) => row.optimizerIn),
      optimizerOut: mean((row) => row.optimizerOut),
    };
  });
  return lines.sort((a, b) => a.rank - b.rank);
}

/** @param {number} score */
const percent = (score) => (100 * score).toFixed(1);

/** @param {number} count */
const thousands = (count) => `${Math.round(count / 1000)}k`;

/**
 * @param {{ tokens: number | null, runs: number }} reached
 * @param {number} runs
 */
const reachedText = ({ tokens, runs: hits }, runs) =>
  `${tokens === null ? 'not in half' : thousands(tokens)} (${hits}/${runs})`;

/**
 * @param {readonly string[][]} cells the first row is the head
 * @returns {string}
 */
export function table(cells) {
  const [head = [], ...body] = cells;
  /** @param {readonly string[]} row */
  const line = (row) => `| ${row.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...body.map(line)].join('\n');
}

/**
 * The table by method.
 * @param {readonly Line[]} lines
 */
export function methodTable(lines) {
  return table([
    [
      'method',
      'final held-out %, 95 % interval',
      'mean rank',
      'tokens to 80 % (runs)',
      'tokens to 85 % (runs)',
      'target calls',
      'optimizer calls',
      'target in / out',
      'optimizer in / out',
    ],
    ...lines.map((line) => [
      line.method,
      `${percent(line.final)} ± ${Number.isFinite(line.half) ? percent(line.half) : '?'}`,
      line.rank.toFixed(2),
      reachedText(line.to80, line.runs),
      reachedText(line.to85, line.runs),
      line.targetCalls.toFixed(0),
      line.optimizerCalls.toFixed(0),
      `${thousands(line.targetIn)} / ${thousands(line.targetOut)}`,
      `${thousands(line.optimizerIn)} / ${thousands(line.optimizerOut)}`,
    ]),
  ]);
}

/**
 * Mean final accuracy by method and landscape.
 * @param {readonly Row[]} rows
 * @param {readonly string[]} order of the methods
 */
export function landscapeTable(rows, order) {
  const names = [...new Set(rows.map(({ landscape }) => landscape))];
  return table([
    ['method', ...names],
    ...order.map((method) => [
      method,
      ...names.map((name) =>
        percent(
          meanInterval(
            rows.filter((row) => row.method === method && row.landscape === name).map((row) => row.final),
          ).mean,
        ),
      ),
    ]),
  ]);
}

/**
 * `page` with the named section replaced, or added at its end; all else stays as it is.
 * @param {string} page
 * @param {string} name
 * @param {string} body
 */
export function withSection(page, name, body) {
  const begin = `<!-- begin: ${name} -->`;
  const end = `<!-- end: ${name} -->`;
  const section = `${begin}\n\n${body.trim()}\n\n${end}`;
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) return `${page.trimEnd()}\n\n${section}\n`;
  return page.slice(0, from) + section + page.slice(to + end.length);
}
