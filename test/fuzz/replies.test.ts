/** Whatever a model says, its readers do not throw, take no whole reply for a missing tag, and are linear in its length. */
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { inert, specialNames } from '../../src/engines/inert.ts';
import { listedOptions } from '../../src/core/allowed.ts';
import { csvOf } from '../../src/core/csv.ts';
import { words } from '../../src/core/edit.ts';
import { allowedAnswers, answerGrammar, extract } from '../../src/core/extract.ts';
import { feedback } from '../../src/core/feedback.ts';
import { firstObject, wholeObjectEnd } from '../../src/core/json-object.ts';
import { jsonFault } from '../../src/core/json-place.ts';
import { findLeaks, isDistinctive } from '../../src/core/leakage.ts';
import { scoreAnswer, scoreFields } from '../../src/core/metrics.ts';
import {
  adherence,
  leadingNumber,
  parseDemonstration,
  parseStep,
  parseSteps,
  parseVerdict,
} from '../../src/core/procedure.ts';
import { firstLine } from '../../src/core/propose.ts';
import { proposedLines } from '../../src/core/proposed-lines.ts';
import { remarks } from '../../src/core/reflect.ts';
import { brokenRules, parseRules } from '../../src/core/rules.ts';
import { movableOptions, reorderNamed } from '../../src/core/shuffle.ts';
import { between, cleanPrompt, fenced, lastBetween } from '../../src/core/tags.ts';
import type { Metric } from '../../src/core/task.ts';
import { wordsOf } from '../../src/optimizers/capo.ts';
import { promptsAs } from '../../src/ui/found-prompts.ts';
import { NASTY } from './nasty.ts';

// Seconds each where the machine has nothing else to do.
vi.setConfig({ testTimeout: 240_000 });

const QUESTION = 'Which one?\nOptions:\n(A) red wine\n(B) green tea.\n(C) no';
const OPTIONS = ['red wine', 'green tea', 'no'];
const METRICS: readonly Metric[] = [
  { kind: 'choice', options: OPTIONS },
  { kind: 'choice' },
  { kind: 'boolean', yes: 'True', no: 'False' },
  { kind: 'boolean', yes: 'yes', no: 'no' },
  { kind: 'number', decimals: 2 },
  { kind: 'exact' },
  { kind: 'contains' },
  { kind: 'json', fields: ['a', 'step'] },
  { kind: 'rouge-l' },
  { kind: 'rules' },
];
const GOLD: Record<Metric['kind'], string> = {
  choice: 'red wine',
  boolean: 'yes',
  number: '12.50',
  exact: 'red wine',
  contains: 'wine',
  json: '{"a": [1, {"b": "x"}], "step": 2}',
  'rouge-l': 'a glass of red wine',
  rules: 'has: sorry | wine\nlacks: no\nends: regards\nstarts: dear\nwords: 2-9',
};

function judged(metric: Metric, reply: string) {
  const answer = extract(metric, reply, QUESTION);
  const gold = [GOLD[metric.kind]];
  const score = scoreAnswer(metric, answer, gold);
  expect(score >= 0 && score <= 1).toBe(true);
  if (metric.kind === 'json' && answer !== null) scoreFields(metric, answer, gold);
  const example = { id: 'e', input: QUESTION, gold };
  const tokens = { in: 0, cached: 0, out: 0 };
  const said = {
    candidate: 'c0',
    example: 'e',
    split: 'train',
    reply,
    answer,
    score,
    ms: 0,
    tokens,
  } as const;
  feedback({ metric }, { example, answer: said });
  return answer;
}

/** Readers of replies by name. The time of each is taken too. */
const READERS: Record<string, (text: string) => unknown> = {
  between: (text) => between(text, '<prompt>', '</prompt>'),
  brackets: (text) => between(text, '[', ']'),
  lastBetween: (text) => lastBetween(text, '<prompt>', '</prompt>'),
  fenced,
  cleanPrompt,
  remarks: (text) => remarks(text, '<START>', '<END>', 4),
  firstLine,
  proposedLines,
  parseSteps: (text) => parseSteps(text, 12),
  parseStep,
  parseDemonstration: (text) => parseDemonstration(text, 2),
  parseVerdict: (text) => parseVerdict(text, 3),
  leadingNumber,
  adherence: (text) => adherence([text], 3),
  firstObject,
  wholeObjectEnd,
  jsonFault,
  words,
  wordsOf: (prompt) => wordsOf({ id: 'c', prompt, shots: [], parents: [], origin: 'x', step: 0 }),
  inert: (text) => inert(text, specialNames('<|im_end|></s>[INST]')),
  csvOf: (text) => csvOf([[text]]),
  promptsAs: (prompt) => promptsAs('markdown', [{ runs: [], prompt, task: 't', taskName: 'T', tags: [] }]),
  ...Object.fromEntries(
    METRICS.map((metric) => [
      `${metric.kind}${'options' in metric ? ' of options' : ''}${'yes' in metric ? ` ${metric.yes}` : ''}`,
      (text: string) => judged(metric, text),
    ]),
  ),
};

/** Readers of texts that come with a task or stand in a prompt, which a hostile file can make long too. */
const TEXT_READERS: Record<string, (text: string) => unknown> = {
  listedOptions,
  movableOptions: (text) => movableOptions(`(A) red${text}x\n(B) green`),
  'choice that the question lists': (text) =>
    extract({ kind: 'choice' }, 'I say red.', `Which?\n(A) red${text}x\n(B) green`),
  'grammar of options': (text) => answerGrammar({ kind: 'choice', options: [text, 'b'] }, ''),
  'allowed answers': (text) => allowedAnswers({ kind: 'choice' }, text),
  reorderNamed: (text) => reorderNamed(`red${text}green or blue`, ['red', 'green', 'blue'], [2, 0, 1]),
  parseRules: (text) => brokenRules(parseRules(`has: ${text}x`) ?? [], 'sorry'),
  isDistinctive,
};

const TOKENS: readonly string[] = [
  ...NASTY.filter((piece) => piece.length < 100),
  ...'{}[]()<>"\'`*_#:.,;=-–/\\ \n\t',
  ...[
    '<prompt>',
    '</prompt>',
    '<PROMPT >',
    '<START>',
    '<END>',
    '<steps>',
    '<answer>',
    '</answer>',
    '```json\n',
  ],
  ...[
    'answer',
    'Answer:',
    'The answer is',
    'is the correct answer',
    '####',
    '\\boxed{',
    'total = ',
    'Sentiment:',
  ],
  ...[
    'Step 1:',
    'step 2.',
    'Step 3)',
    '1.',
    '2)',
    '- ',
    'so ',
    'the ',
    'final ',
    'right ',
    'Prompt 3:',
    'new prompt',
  ],
  ...[
    'red wine',
    'green tea',
    'no',
    'not',
    "isn't",
    'True',
    'False',
    'yes',
    '(A)',
    '(B)',
    'A',
    'option B',
    'or',
    'and',
  ],
  ...[
    '{"a": 1, "step": 2}',
    '{"step": "3", "kind": "missing"}',
    '"a": ',
    '{"a": [[',
    '12',
    '1,250.00',
    '3/4',
    '.5',
    '1e9',
  ],
  ...['twenty', 'hundred', 'one', 'and', '$', '€', '%', 'é', '\u0130', '𝒳', 'sorry', 'regards', 'dear', '…'],
];
const reply = fc.array(fc.constantFrom(...TOKENS), { maxLength: 24 }).map((pieces) => pieces.join(''));
const anyReply = fc.oneof({ weight: 3, arbitrary: reply }, fc.string({ unit: 'binary' }));

describe('a reply of any kind', () => {
  test.each(Object.entries({ ...READERS, ...TEXT_READERS }))('is read without an error: %s', (_, read) => {
    fc.assert(
      fc.property(anyReply, (text) => {
        read(text);
      }),
      { numRuns: 500 },
    );
  });

  test('that is JSON nested a hundred thousand deep is scored and told of, too', () => {
    const deep = `{"a": ${'['.repeat(100_000)}${']'.repeat(100_000)}, "step": 2}`;
    const deepObject = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`;
    for (const metric of METRICS) for (const text of [deep, deepObject]) judged(metric, text);
    expect(scoreAnswer({ kind: 'json', fields: ['a'] }, deep, [deep])).toBe(0);
    expect(scoreFields({ fields: ['a'] }, deep, ['{"a": 1}'])[0]?.given).toMatch(/nested too deeply/);
  });

  test('to a question with an option of a hundred thousand letters is read, by the letter', () => {
    const question = `Which?\n(A) ${'x.'.repeat(50_000)}\n(B) green`;
    expect(extract({ kind: 'choice' }, 'The answer is (A).', question)).toBe('(A)');
    expect(extract({ kind: 'choice' }, 'I say green.', question)).toBe('(B)');
  });

  test('leaves the objects that all others come from as they are', () => {
    const hostile =
      '{"__proto__": {"polluted": true}, "a": 1, "constructor": {"prototype": {"polluted": true}}}';
    for (const read of Object.values(READERS)) read(hostile);
    expect('polluted' in {}).toBe(false);
    expect(scoreAnswer({ kind: 'json', fields: ['toString'] }, '{}', ['{"toString": 1}'])).toBe(0);
    expect(scoreAnswer({ kind: 'json', fields: ['__proto__'] }, '{"a": 1}', ['{"a": 1}'])).toBe(0);
  });
});

describe('a reply without what was asked for gives nothing', () => {
  test('no tag, no prompt', () => {
    fc.assert(
      fc.property(anyReply, (text) => {
        if (!/<prompt>/i.test(text)) {
          expect(between(text, '<prompt>', '</prompt>')).toBeNull();
          expect(lastBetween(text, '<prompt>', '</prompt>')).toBeNull();
        }
        if (!text.includes('[')) expect(between(text, '[', ']')).toBeNull();
        if (!text.includes('```')) expect(fenced(text)).toBeNull();
      }),
      { numRuns: 3000 },
    );
  });

  test('with a tag, what is taken stands behind it and holds no whole tag of its kind before its end', () => {
    fc.assert(
      fc.property(anyReply, anyReply, (before, behind) => {
        const text = `${before.replaceAll('<', '')}<prompt>${behind}`;
        const found = between(text, '<prompt>', '</prompt>');
        if (found === null) return;
        expect(behind).toContain(found);
        expect(found).not.toMatch(/<\/prompt>/i);
      }),
      { numRuns: 2000 },
    );
  });

  test('no object, no JSON; no digit and no number word, no number; no step named, no verdict', () => {
    const plain = fc.string({ unit: fc.constantFrom(...'abcdfgjkpqz {}[]<>"\n.,:;-') });
    fc.assert(
      fc.property(plain, (text) => {
        expect(extract({ kind: 'number', decimals: 0 }, text, '')).toBeNull();
        expect(parseVerdict(text, 3)).toBeNull();
        expect(parseDemonstration(text, 2)).toBeNull();
        const object = firstObject(text);
        if (object !== null) expect(JSON.parse(object)).toBeTypeOf('object');
        for (const metric of METRICS.slice(0, 4)) {
          const answer = extract(metric, text, QUESTION);
          if (answer !== null) expect(allowedAnswers(metric, QUESTION)).toContain(answer);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('a long reply without a cue is no short answer', () => {
    const ramble = 'I have thought about it. It is hard.\n'.repeat(30);
    expect(extract({ kind: 'exact' }, ramble, '')).toBeNull();
  });
});

/** Pieces that, repeated, have a pattern try again and again. */
const REPEATED: readonly string[] = [
  'a',
  ' ',
  '\n',
  '.',
  '.,;!?',
  '"',
  '""\'',
  '`',
  '*',
  '-',
  '- ',
  '#',
  '<',
  '<a',
  '<>',
  '<prompt>',
  '<prompt> ',
  '</prompt>',
  '<START>',
  '[',
  '{',
  '{}',
  '{"a":',
  '{"',
  '"\\',
  '1',
  '1.',
  '1,111',
  '1.111,',
  '1/',
  '0',
  '=',
  'one ',
  'sixteen-',
  'hundred and ',
  'step ',
  'step 1: ',
  '\nstep 1 ',
  'so ',
  'so the final right ',
  'answer ',
  'answer: ',
  'The answer is ',
  'is the answer ',
  'the correct ',
  'prompt: ',
  'prompt   ',
  'new prompt 1: ',
  'no ',
  'not no ',
  'red ',
  'red wine ',
  '(A) ',
  'is: ',
  "don't ",
  "a'a",
  'e\u0301',
  '\u{1F469}\u200D',
  ', ',
  ' or ',
  '\r',
  '\u2028',
  '<|',
  '```',
  '**',
];

const KB = 1024;

/** Milliseconds of processor time, which other work on the machine does not lengthen; the least of some tries. */
function time(work: () => void, tries: number): number {
  let best = Infinity;
  for (let i = 0; i < tries; i++) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / 1000);
  }
  return best;
}

/** Times at most so far apart for four times the text: four where a reader is linear, sixteen where it is quadratic. */
const MOST = 12;
/** So many milliseconds a megabyte are linear, whatever the grain of the clock says. */
const SHORT = 400;
/** Of the pieces that take longest, and of those whose times grow most, so many are tried with a megabyte. */
const WORST = 3;

const textOf = (piece: string, size: number) => `${piece.repeat(Math.ceil(size / piece.length))}x`;

/** What is wrong with the time that a text of one piece takes after four times less of it took `before`; or null. */
function grown(read: (text: string) => unknown, piece: string, size: number, before: number, ms: number) {
  const limit = (least: number) => Math.max((SHORT * size) / (1024 * KB), (least + 1) * MOST);
  if (ms <= limit(before)) return null;
  const [smaller, text] = [textOf(piece, size / 4), textOf(piece, size)];
  const least = time(() => read(smaller), 3);
  const again =
    ms > 5000
      ? ms
      : Math.min(
          ms,
          time(() => read(text), 2),
        );
  if (again <= limit(least)) return null;
  return `${JSON.stringify(piece)}: ${least.toFixed(1)} ms for ${size / 4 / KB} KB, ${again.toFixed(0)} ms for ${size / KB} KB`;
}

/** The pieces of which a reader takes more than its time: all in texts of up to 64 KB, the worst in a megabyte. */
function slowness(read: (text: string) => unknown, pieces: readonly string[]): string[] {
  const found: string[] = [];
  const last: { piece: string; ms: number; growth: number }[] = [];
  for (const piece of pieces) {
    let before = time(() => read(textOf(piece, 4 * KB)), 1);
    let growth = 1;
    let wrong: string | null = null;
    for (const size of [16 * KB, 64 * KB]) {
      const text = textOf(piece, size);
      const ms = time(() => read(text), 1);
      wrong = grown(read, piece, size, before, ms);
      if (wrong !== null) break;
      growth = (ms + 0.5) / (before + 0.5);
      before = ms;
    }
    if (wrong === null) last.push({ piece, ms: before, growth });
    else found.push(wrong);
  }
  const slowest = last.toSorted((a, b) => b.ms - a.ms).slice(0, WORST);
  const steepest = last.toSorted((a, b) => b.growth - a.growth).slice(0, WORST);
  for (const { piece, ms } of new Set([...slowest, ...steepest])) {
    let before = ms;
    for (const size of [256 * KB, 1024 * KB]) {
      const text = textOf(piece, size);
      const now = time(() => read(text), 1);
      const wrong = grown(read, piece, size, before, now);
      before = now;
      if (wrong === null) continue;
      found.push(wrong);
      break;
    }
  }
  return found;
}

describe('a megabyte is read in a time that grows as its length does', () => {
  test('and the clock would show one that does not', () => {
    const quadratic = (text: string) => /[.,]+$/.test(text);
    expect(slowness(quadratic, ['.', 'a'])).toEqual([expect.stringContaining('ms for') as string]);
  });

  test.each(Object.entries({ ...READERS, ...TEXT_READERS }))('%s', (_, read) => {
    expect(slowness(read, REPEATED)).toEqual([]);
  });

  test('leaks in the longest prompt that is taken', () => {
    const task = {
      splits: {
        train: [{ id: 'a', input: 'a '.repeat(40), gold: ['x'] }],
        validation: [],
        test: [{ id: 'b', input: 'so the final right answer is no '.repeat(20), gold: ['a '.repeat(400)] }],
      },
      metric: { kind: 'exact' as const },
      initialPrompt: 'Say it.',
      description: 'None.',
    };
    for (const piece of REPEATED) {
      const prompt = piece.repeat(Math.ceil(4000 / piece.length));
      expect(time(() => findLeaks({ prompt, shots: [] }, task), 1)).toBeLessThan(400);
    }
  });
});
