import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseTask } from '../../src/app/task-file.ts';
import { brokenRules, parseRules } from '../../src/core/rules.ts';
import type { Example } from '../../src/core/task.ts';
import { generators } from '../../tasks/generate.js';
import { invoices } from '../../tasks/generators/invoice-total.js';
import { fileText } from '../../tasks/generators/layout.js';

/** The computed tasks: their files are what the generators write, and their answers hold by a second way. */

const source = (id: string) => readFileSync(new URL(`../../tasks/${id}.json`, import.meta.url), 'utf8');

function examplesOf(id: string): { input: string; gold: string }[] {
  const { splits } = parseTask(source(id));
  const flat = ({ input, gold }: Example) => ({ input, gold: gold.join() });
  return [...splits.train, ...splits.validation, ...splits.test].map(flat);
}

test.each(generators)('%o writes its file', (generator) => {
  const task = generator();
  expect(fileText(task)).toBe(source(task.id));
});

/** Rewrites an expression from its innermost brackets outwards until one word is left. */
function reduced(expression: string): string {
  const value = (truth: boolean) => (truth ? 'True' : 'False');
  const rules: [RegExp, (match: RegExpExecArray) => string][] = [
    [/\( (True|False) \)/, ([, word = '']) => word],
    [/not (True|False)/, ([, word]) => value(word === 'False')],
    [/(True|False) and (True|False)/, ([, a, b]) => value(a === 'True' && b === 'True')],
    [/(True|False) or (True|False)/, ([, a, b]) => value(a === 'True' || b === 'True')],
  ];
  for (;;) {
    // Within the innermost brackets (or the whole), the first rule that fits is the one that binds most tightly.
    const inner = /\( [^()]* \)/.exec(expression)?.[0] ?? expression;
    const rule = rules.find(([pattern]) => pattern.test(inner));
    const match = rule?.[0].exec(inner);
    if (!rule || !match) return expression;
    const next = inner.slice(0, match.index) + rule[1](match) + inner.slice(match.index + match[0].length);
    expression = expression.split(inner).join(next);
  }
}

test('boolean expressions', () => {
  expect(reduced('not True or True')).toBe('True');
  expect(reduced('not ( True or True ) and False or not False and False')).toBe('False');
  expect(reduced('True or False and False')).toBe('True');
  for (const { input, gold } of examplesOf('boolean-expressions'))
    expect(reduced(input.replace(/ is$/, '')), input).toBe(gold);
});

/** Stems that tell the kind of a thing, in whatever number it comes. */
const stems: Record<string, RegExp> = {
  fruits: /^(appl|banan|orang|peach|plum|strawberr|grape|pear|mango|kiwi)/,
  vegetables: /^(carrot|onion|cauli|potato|lettuce|cabbage|leek|turnip|radish|beetroot)/,
  'musical instruments': /^(piano|violin|flute|trumpet|drum|clarinet|accordion|guitar|harp|trombone)/,
  animals: /^(cat|dog|cow|goat|rabbit|duck|snail|frog|mouse|mice|donkey)/,
  'pieces of furniture': /^(table|chair|bed|couch|bookcase|desk|wardrobe|stool|armchair|bench)/,
  objects: /./,
};
const counting: Record<string, number> = { a: 1, an: 1, two: 2, three: 3, four: 4, five: 5 };

test('object counting', () => {
  for (const { input, gold } of examplesOf('object-counting')) {
    const [, list = '', asked = ''] = /^I have (.*)\. How many (.*) do I have\?$/.exec(input) ?? [];
    const stem = stems[asked];
    let total = 0;
    for (const item of list.split(/, (?:and )?/)) {
      const [number = '', thing = ''] = item.split(' ');
      const kinds = Object.entries(stems).filter(([kind, stem]) => kind !== 'objects' && stem.test(thing));
      expect(kinds, item).toHaveLength(1);
      if (stem?.test(thing)) total += counting[number] ?? NaN;
    }
    expect(String(total), input).toBe(gold);
  }
});

describe('date understanding', () => {
  const DAY = 86_400_000;
  const ordinals = 'first second third fourth fifth sixth seventh eighth ninth tenth'.split(' ');
  const someDate = String.raw`(\d\d/\d\d/\d{4}|[A-Z][a-z]+ \d{1,2}, \d{4})`;
  // Date's own reading of American dates, at noon UTC, so that no time zone shifts the day.
  const read = (text: string) => Date.parse(`${text} 12:00 UTC`);
  const monthsLater = (time: number, months: number) => {
    const date = new Date(time);
    date.setUTCMonth(date.getUTCMonth() + months);
    return date.getTime();
  };
  const opening = (pattern: string) => new RegExp(`^${pattern.replace('DATE', someDate)}`);
  const openings: [RegExp, (...found: string[]) => number][] = [
    [opening('Today is DATE\\.'), read],
    [opening('It is DATE today\\.'), read],
    [opening('Yesterday was DATE\\.'), (date) => read(date) + DAY],
    [opening('Tomorrow is DATE\\.'), (date) => read(date) - DAY],
    [
      opening('The deadline is DATE, which is (\\d) days away from now\\.'),
      (date, days) => read(date) - Number(days) * DAY,
    ],
    [
      /^In Britain .* today is (\d\d)\/(\d\d)\/(\d{4})\./,
      (day, month, year) => read(`${month}/${day}/${year}`),
    ],
    [
      opening('\\w+ moved out on DATE\\. Exactly (\\d+) days have passed'),
      (date, days) => read(date) + Number(days) * DAY,
    ],
    [/^(\w+) thinks today is (\S+), but \w+ thinks today is \S+ \1 is right\./, (_, date) => read(date)],
    [/^\w+ thinks today is \S+ but (\w+) thinks today is (\S+)\. \1 is right\./, (_, date) => read(date)],
    [
      opening('\\w+ and \\w+ married on DATE\\. Today is the (\\d+)-year'),
      (date, years) => monthsLater(read(date), 12 * Number(years)),
    ],
    [
      /^\w+ goes to the library on day (\d+) of each month, since (\w+) (\d{4})\. Today is the (\w+) visit\./,
      (day, month, year, nth) => monthsLater(read(`${month} ${day}, ${year}`), ordinals.indexOf(nth)),
    ],
    [/^Today is Christmas Eve of (\d{4}),/, (year) => read(`12/24/${year}`)],
    [/^This is the last day of (\d{4})\./, (year) => read(`12/31/${year}`)],
    [
      /^\w+ is celebrating the last day of (\w+) (\d{4})\./,
      (month, year) => monthsLater(read(`${month} 1, ${year}`), 1) - DAY,
    ],
    [opening('\\w+ booked a flight for tomorrow, DATE\\.'), (date) => read(date) - DAY],
    [
      /^Today is the (\w+) day of (\w+) (\d{4})\./,
      (nth, month, year) => read(`${month} ${ordinals.indexOf(nth) + 1}, ${year}`),
    ],
    [opening("\\w+'s meeting, first set for .*, is today, DATE\\."), read],
  ];
  const questions: Record<string, (today: number) => number> = {
    today: (today) => today,
    tomorrow: (today) => today + DAY,
    yesterday: (today) => today - DAY,
    'one week from today': (today) => today + 7 * DAY,
    'one week ago from today': (today) => today - 7 * DAY,
    '10 days ago': (today) => today - 10 * DAY,
    '24 hours later': (today) => today + DAY,
    'a month ago': (today) => monthsLater(today, -1),
    'one year ago from today': (today) => monthsLater(today, -12),
  };
  const american = (time: number) =>
    new Date(time).toISOString().replace(/^(\d{4})-(\d\d)-(\d\d).*$/, '$2/$3/$1');

  test('the right letter stands before the date that Date finds', () => {
    const used = new Set<RegExp>();
    for (const { input, gold } of examplesOf('date-understanding')) {
      const fits = openings.filter(([pattern]) => pattern.test(input));
      expect(fits, input).toHaveLength(1);
      const [pattern, today] = fits[0] ?? [/^$/, () => NaN];
      used.add(pattern);
      const asked = /What is the date (.*) in MM\/DD\/YYYY\?/.exec(input)?.[1] ?? '';
      const date = american(questions[asked]?.(today(...(pattern.exec(input) ?? []).slice(1))) ?? NaN);
      const options = [...input.matchAll(/^\(([A-F])\) (\S+)$/gm)].map(([, letter, date]) => ({
        letter,
        date,
      }));
      expect(options.map((option) => option.letter).join('')).toBe('ABCDEF');
      expect(new Set(options.map((option) => option.date)).size).toBe(6);
      for (const option of options) expect(american(read(option.date ?? ''))).toBe(option.date);
      expect(`(${options.find((option) => option.date === date)?.letter})`, input).toBe(gold);
    }
    expect(used.size).toBe(openings.length);
  });
});

describe('invoice total', () => {
  const { bills } = invoices();
  /** The words before or after which a bill names what is to be paid; as a reader would find it, the last one counts. */
  const due = new RegExp(
    [
      'patient responsibility|your share|you owe|amount (?:now )?due(?: this month is| within 14 days)?|balance due|now payable',
      'remaining to be paid|total(?: now| amount)? due|total to pay|order total|you pay|invoice total|gross|total charges',
      'amount payable|rental total|total due|payable|correct total|new balance|please pay(?: only)?|amount to be debited',
      'balance to pay|due at check-out|to be settled|^\\| balance|closing balance due|please remit|to pay this quarter|to pay',
      'outstanding|still to pay|so that makes|all in, that is|altogether it is|so it is|which leaves|so please send',
      'we therefore ask you to transfer|that leaves a balance of|the sum now payable is|the rest|the remaining amount',
      'what is left to pay|we shall debit|this month please pay only|tip [^\\n]*=|\\btotal',
    ].join('|'),
    'gim',
  );
  const amountBehind = /^[\s:;|,=.$£€*]*(?:USD )?[$£€]?([\d,]+\.\d\d)/;
  const cents = (text: string) => Math.round(Number(text.replaceAll(',', '')) * 100);

  test('the amount that the text calls due is the gold answer', () => {
    for (const { input, gold } of examplesOf('invoice-total')) {
      const named = [...input.matchAll(due)].flatMap((match) => {
        const amount = amountBehind.exec(input.slice(match.index + match[0].length))?.[1];
        return amount ? [amount.replaceAll(',', '')] : [];
      });
      expect(named.at(-1), input).toBe(gold);
    }
  });

  test('charges less credits, all of them printed in the text, come to the gold answer', () => {
    for (const { input, gold } of examplesOf('invoice-total')) {
      const parts = bills.get(input)?.parts ?? [];
      const printed = [...input.matchAll(/\d[\d,]*\.\d\d/g)].map(([amount]) => cents(amount));
      expect(parts.length).toBeGreaterThan(1);
      for (const part of parts) expect(printed, `${part} in ${input}`).toContain(Math.abs(part));
      expect(parts.reduce((sum, part) => sum + part) / 100, input).toBeCloseTo(Number(gold), 6);
      expect(gold).toMatch(/^[1-9]\d*\.\d\d$/);
    }
  });

  test('most texts hold an amount larger than the right one, or print the right one before others', () => {
    const plain = examplesOf('invoice-total').filter(({ input, gold }) => {
      const printed = [...input.matchAll(/\d[\d,]*\.\d\d/g)].map(([amount]) => cents(amount));
      return Math.max(...printed) === cents(gold) && printed.at(-1) === cents(gold);
    });
    expect(plain.length).toBeLessThan(bills.size / 4);
  });
});

test('navigation', () => {
  for (const { input, gold } of examplesOf('navigation')) {
    // The direction faced is a complex number; a turn to the right multiplies it by -i.
    let [x, y, dx, dy] = [0, 0, 0, 1];
    for (const move of input.split(/(?<=\.) /)) {
      const steps = Number(/^Take (\d+)/.exec(move)?.[1] ?? 0);
      [x, y] = [x + steps * dx, y + steps * dy];
      if (move === 'Turn right.') [dx, dy] = [dy, -dx];
      if (move === 'Turn left.') [dx, dy] = [-dy, dx];
      if (move === 'Turn around.') [dx, dy] = [-dx, -dy];
    }
    expect(Math.abs(x) + Math.abs(y) === 0 ? 'Yes' : 'No', input).toBe(gold);
  }
});

test('word sorting', () => {
  for (const { input, gold } of examplesOf('word-sorting')) {
    const [given, sorted] = [input.split(' '), gold.split(' ')];
    expect(sorted.every((word, i) => i === 0 || (sorted[i - 1] ?? '') < word)).toBe(true);
    expect(new Set(sorted)).toEqual(new Set(given));
    expect(sorted).toHaveLength(given.length);
  }
});

test('shuffled objects', () => {
  for (const { input, gold } of examplesOf('shuffled-objects')) {
    const has = new Map<string, string>();
    const begin = /^At the start, (.*?)\. First/.exec(input)?.[1] ?? '';
    for (const [, name = '', thing = ''] of begin.matchAll(/(\w+) (?:has|is reading|is playing) ([^,]+)/g))
      has.set(name, thing);
    for (const [, a = '', b = ''] of input.matchAll(/(\w+) and (\w+) (?:swap|trade)/g)) {
      const [first, second] = [has.get(a) ?? '', has.get(b) ?? ''];
      has.set(a, second).set(b, first);
    }
    const asked = /what (?:does|is) (\w+)/.exec(input)?.[1] ?? '';
    expect(input.split('\n'), input).toContain(`${gold} ${has.get(asked)}`);
  }
});

test('incident triage', () => {
  for (const { input, gold } of examplesOf('incident-triage')) {
    const odd = /old logo|typo|wrong colour|last year first/.test(input);
    const stopped = /is down|not open at all|stopped working|only shows an error/.test(input);
    const whole = /login|card payment|order database|phone line/.test(input);
    const all = /everyone|all our customers|every branch|whole company/.test(input);
    const stuck = /work around|Nothing else|no other way/.test(input);
    const level = odd ? 0 : !stopped ? 1 : whole ? (all ? 3 : 2) : all || stuck ? 2 : 1;
    expect(['low', 'normal', 'high', 'critical'][level], input).toBe(gold);
  }
});

test('mail routing: sums and sizes decide as the note says', () => {
  for (const { input, gold } of examplesOf('mail-routing')) {
    const refund = /refund (\d+) euros/.exec(input)?.[1];
    if (refund !== undefined) expect(gold, input).toBe(Number(refund) < 50 ? 'service' : 'accounts');
    const order = /order (\d+) (?:pieces|spare)/.exec(input)?.[1];
    if (order !== undefined) expect(gold, input).toBe(Number(order) < 20 ? 'service' : 'sales');
    if (/sick note|look for work|still open|class of/.test(input)) expect(gold, input).toBe('people');
  }
});

test('order extraction', () => {
  const small = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
  for (const { input, gold } of examplesOf('order-extraction')) {
    const order: unknown = JSON.parse(gold);
    const number = (text: string) => (small.includes(text) ? small.indexOf(text) + 1 : Number(text));
    const asked = /(?:send|order|deliver|need) (\w+) /.exec(input)?.[1] ?? '';
    const corrected = /make that (\w+) of/.exec(input)?.[1];
    const writer = /(\w+ \w+)$/.exec(input)?.[1] ?? '';
    const forWhom = / for (\w+ \w+), to arrive/.exec(input)?.[1] ?? writer;
    const when = new Date(`${/arrive on (.*?2027)/.exec(input)?.[1]} UTC`);
    expect(order, input).toMatchObject({
      customer: forWhom,
      quantity: number(corrected ?? asked),
      date: when.toISOString().slice(0, 10),
    });
    const item = /"item":"(.*?)"/.exec(gold)?.[1] ?? '?';
    expect(input.replace('shelves', 'shelf'), input).toContain(item);
  }
});

test('length normalisation', () => {
  const cm: Record<string, number> = {
    mm: 0.1,
    cm: 1,
    m: 100,
    km: 100_000,
    inches: 2.54,
    feet: 30.48,
    yards: 91.44,
  };
  const names: Record<string, string> = {
    ft: 'feet',
    "'": 'feet',
    in: 'inches',
    '"': 'inches',
    metres: 'm',
    centimetres: 'cm',
  };
  for (const { input, gold } of examplesOf('length-normalisation')) {
    let sum = 0;
    for (const [, amount = '', unit = ''] of input.matchAll(/([\d.]+) ?([a-z]+|'|")/g))
      sum += Number(amount) * (cm[names[unit] ?? unit] ?? NaN);
    expect(Math.abs(sum / 100 - Number(gold)), input).toBeLessThanOrEqual(0.005 + 1e-9);
  }
});

test('date normalisation', () => {
  for (const { input, gold } of examplesOf('date-normalisation')) {
    const dotted = /^(\d+)[.-](\d+)[.-](\d+)$/.exec(input);
    const text = dotted ? `${dotted[2]}/${dotted[1]}/${dotted[3]}` : input;
    const spoken = text
      .replace(/the (\d+)\w+ of/, '$1')
      .replace(/(\d+)(?:st|nd|rd|th)/, '$1')
      .replace(/(\D)'?(\d\d)$/, '$120$2');
    expect(new Date(`${spoken} UTC`).toISOString().slice(0, 10), input).toBe(gold);
  }
});

/** A reply that keeps every rule, made from the input by the task's own note; the input itself must break some. */
function judged(id: string, reply: (input: string) => string) {
  for (const { input, gold } of examplesOf(id)) {
    const rules = parseRules(gold) ?? [];
    expect(rules.length, input).toBeGreaterThan(3);
    expect(brokenRules(rules, reply(input)), input).toEqual([]);
    expect(brokenRules(rules, input), input).not.toEqual([]);
  }
}

test('calm replies', () => {
  const insult =
    /(?:How stupid can one be\?|This is ridiculous\.|Are you blind\?|What nonsense\.|Typical, so lazy\.|An idiot could do better\.)/;
  judged('calm-replies', (input) => {
    const [, name = '', rest = ''] = /^(\w+), (.*)$/s.exec(input.replace(insult, '')) ?? [];
    return `Dear ${name}, may I say that ${rest} Please do, and many thanks.`;
  });
});

test('redaction', () => {
  judged('redaction', (input) =>
    input
      .replace(/\S+@\S+?(?=\))/, '[EMAIL]')
      .replace(/on 0\d+ \d+ \d+/, 'on [PHONE]')
      .replace(/^\w+ \w+/, '[NAME]')
      .replace(/\w+ \w+ has the file/, '[NAME] has the file'),
  );
});
