import fc from 'fast-check';
import Papa from 'papaparse';
import { describe, expect, test } from 'vitest';
import { buildTask } from '../../../src/app/import/build.ts';
import { guessPlan } from '../../../src/app/import/guess.ts';
import { readSources } from '../../../src/app/import/read.ts';
import { ImportError, type Table } from '../../../src/app/import/table.ts';
import { file } from './sources.ts';

const read = (path: string, text: string, reading = {}) => readSources([file(path, text)], reading);
const cells = ({ rows }: Table) => rows.map((row) => row.cells);

/** What a file that cannot be used is refused with. */
function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof ImportError) return `${error.message} ${error.advice}`;
    throw error;
  }
  throw new Error('The file was accepted.');
}

describe('separated text', () => {
  test.each([
    ['commas', 'a.csv', 'text,label\nhello,x\nbye,y\n', ','],
    ['tabs', 'a.tsv', 'text\tlabel\nhello\tx\nbye\ty\n', '\t'],
    ['semicolons, with commas in the texts', 'a.csv', 'text;label\nhello, you, there;x\nbye, then;y\n', ';'],
    ['bars', '', 'text|label\nhello|x\nbye|y\n', '|'],
  ])('by %s', (_name, path, text, separator) => {
    const table = read(path, text);
    expect(table.reading).toMatchObject({ separator, header: true });
    expect(table.columns).toEqual(['text', 'label']);
    expect(cells(table)[1]?.[1]).toBe('y');
    expect(table.faults).toEqual([]);
  });

  test('with a byte order mark, CRLF, quoted line ends and empty lines', () => {
    const text = '\uFEFFtext,label\r\n"one\r\ntwo ""quoted"", three",x\r\n\r\n,\r\nbye,"y"\r\n\r\n';
    const table = read('a.csv', text);
    expect(table.columns).toEqual(['text', 'label']);
    expect(cells(table)).toEqual([
      ['one\r\ntwo "quoted", three', 'x'],
      ['bye', 'y'],
    ]);
    // As a spreadsheet counts: the header is row 1, and empty rows count.
    expect(table.rows.map(({ at }) => at)).toEqual([2, 5]);
    expect(table.faults).toEqual([]);
  });

  test('with line ends of both kinds, and of old Macintoshes', () => {
    expect(cells(read('a.csv', 'text,label\nhello,x\r\nbye,y\n'))).toEqual([
      ['hello', 'x'],
      ['bye', 'y'],
    ]);
    expect(cells(read('a.csv', 'text,label\rhello,x\rbye,y'))).toEqual([
      ['hello', 'x'],
      ['bye', 'y'],
    ]);
  });

  test('in Latin-1, which is said', () => {
    const bytes = Uint8Array.from('text,label\ncaf\u00e9 cr\u00e8me,x\nthe\u0300', (char) =>
      char.charCodeAt(0),
    );
    const table = readSources([{ path: 'a.csv', bytes: bytes.slice(0, -2) }], {});
    expect(cells(table)[0]).toEqual(['café crème', 'x']);
    expect(table.notes.join()).toContain('a.csv is not UTF-8; it was read as Latin-1');
  });

  test('in UTF-16 with its mark', () => {
    const text = '\uFEFFtext,label\nna\u00efve \u{1F345},x\n';
    const bytes = new Uint8Array(text.length * 2);
    for (let i = 0; i < text.length; i++) {
      bytes[2 * i] = text.charCodeAt(i) & 255;
      bytes[2 * i + 1] = text.charCodeAt(i) >> 8;
    }
    expect(cells(readSources([{ path: 'a.csv', bytes }], {}))).toEqual([['naïve \u{1F345}', 'x']]);
  });

  test('with emoji, and cut in the middle of one', () => {
    const whole = file('a.csv', 'text,label\n\u{1F469}\u200D\u{1F680} up,x\nlast,\u{1F345}');
    expect(cells(readSources([whole], {}))).toEqual([
      ['\u{1F469}\u200D\u{1F680} up', 'x'],
      ['last', '\u{1F345}'],
    ]);
    for (const cut of [1, 2, 3]) {
      const table = readSources([{ ...whole, bytes: whole.bytes.slice(0, -cut) }], {});
      expect(table.notes).toEqual([]);
      expect(cells(table)[0]).toEqual(['\u{1F469}\u200D\u{1F680} up', 'x']);
    }
  });

  test('with a cell of a megabyte, which is a bad row only where it is used', () => {
    const long = `${'x, "y"\n'.repeat(150_000)}end`;
    const text = Papa.unparse([
      ['input', 'gold', 'remark'],
      ['a', '1', long],
      ['b', '2', ''],
      [long, '3', ''],
    ]);
    const table = read('a.csv', text);
    expect(table.rows).toHaveLength(3);
    expect(table.rows[0]?.cells[2]).toBe(long);
    const built = buildTask(table, guessPlan(table).plan);
    expect(built.badRows).toBe(1);
    expect(built.faults).toEqual([
      {
        where: 'row 4 of a.csv',
        column: 'input',
        what: `has ${long.length} characters; at most 100000 can be asked`,
      },
    ]);
  });

  test('with headers that repeat or are empty', () => {
    const table = read('a.csv', 'text,label,text,,label\na,b,c,d,e\n');
    expect(table.columns).toEqual(['text', 'label', 'text (2)', 'column 4', 'label (2)']);
    expect(table.notes).toHaveLength(2);
    expect(cells(table)).toEqual([['a', 'b', 'c', 'd', 'e']]);
  });

  test('without a header', () => {
    const table = read('a.csv', 'I liked it,good\nI did not,bad\nSplendid,good\n');
    expect(table.reading?.header).toBe(false);
    expect(table.columns).toEqual(['column 1', 'column 2']);
    expect(table.rows).toHaveLength(3);
    expect(
      read('a.csv', 'I liked it,good\nI did not,bad\nSplendid,good\n', { header: true }).rows,
    ).toHaveLength(2);
  });

  test('whose last line is cut off', () => {
    const short = read('a.csv', 'text,label,more\na,b,c\nd,e');
    expect(short.rows).toHaveLength(1);
    expect(short.faults).toEqual([
      {
        where: 'row 3 of a.csv',
        column: null,
        what: expect.stringContaining('has 2 of 3 cells; the row, or the file, may be cut off'),
      },
    ]);
    const open = read('a.csv', 'text,label\na,b\n"d and no end,e\nf,g\n');
    expect(open.rows).toHaveLength(1);
    expect(open.faults).toEqual([
      { where: 'row 3 of a.csv', column: null, what: expect.stringContaining('that never ends') },
    ]);
    // Where a quotation mark is a letter, nothing is open.
    expect(read('a.csv', 'text,label\na,b\n"d and no end,e\nf,g\n', { quotes: false }).rows).toHaveLength(3);
  });

  test('with too many cells in a row', () => {
    const table = read('a.csv', 'text,label\nhello, you,x\nbye,y\nso,z,,\n');
    expect(table.faults.map(({ where }) => where)).toEqual(['row 2 of a.csv']);
    expect(table.faults[0]?.what).toContain('has 3 cells where the first row has 2');
    expect(table.rows).toHaveLength(2);
  });

  test('any table that a program writes comes back, whatever ends its lines and separates its cells', () => {
    const cell = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      fc.string({ unit: fc.constantFrom('"', ',', ';', '\t', '\n', '\r', ' ', 'a', '|'), maxLength: 8 }),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 12 }),
        fc.constantFrom(',', ';', '\t', '|'),
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        (rows, delimiter, newline, quotes) => {
          const text = Papa.unparse([['id', 'input', 'gold'], ...rows], { delimiter, newline, quotes });
          const table = read('a.csv', text, { separator: delimiter, header: true });
          expect(table.faults).toEqual([]);
          expect(cells(table)).toEqual(rows.filter((row) => row.some((value) => value !== '')));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('any text gives rows, faults or a refusal, and says how far it is', () => {
    const odd = fc.string({
      unit: fc.constantFrom('"', ',', ';', '\n', '\r', 'a', '1', '\uFEFF', '{', '[', ' '),
    });
    fc.assert(
      fc.property(
        fc.oneof(odd, fc.string({ unit: 'binary' })),
        fc.constantFrom('', 'a.csv', 'a.jsonl', 'a.json'),
        (text, path) => {
          let last = 0;
          try {
            const table = readSources([file(path, text)], {}, (done, total) => {
              expect(done).toBeGreaterThanOrEqual(last);
              expect(done).toBeLessThanOrEqual(total);
              last = done;
            });
            for (const row of table.rows) expect(row.at).toBeGreaterThan(0);
          } catch (error) {
            expect(error).toBeInstanceOf(ImportError);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('JSON', () => {
  test('a list of objects; entries that are none are faults', () => {
    const table = read('a.json', '[{"input":"a","target":1},5,{"input":"b","target":["x","y"],"more":null}]');
    expect(table.columns).toEqual(['input', 'target', 'more']);
    expect(cells(table)).toEqual([
      ['a', 1],
      ['b', ['x', 'y'], null],
    ]);
    expect(table.faults).toEqual([
      { where: 'entry 2 of a.json', column: null, what: 'is not an object in braces' },
    ]);
  });

  test('an object with splits', () => {
    const table = read(
      'a.json',
      '{"train":[{"input":"a","gold":"x"}],"dev":[{"input":"b","gold":"y"}],"about":"z"}',
    );
    expect(table.parts.map(({ name, role }) => [name, role])).toEqual([
      ['a.json, train', 'train'],
      ['a.json, dev', 'validation'],
    ]);
  });

  test('that is cut off is refused with the line', () => {
    expect(refusal(() => read('a.json', '[{"input":"a"},\n{"input":'))).toMatch(
      /a\.json is not valid JSON.*line 2/s,
    );
    expect(refusal(() => read('a.json', '{"input":[1,2]}'))).toMatch(/a list of objects/);
  });
});

describe('JSON lines', () => {
  test('with a byte order mark, CRLF, empty lines, a bad line and a truncated last one', () => {
    const table = read(
      'a.jsonl',
      '\uFEFF{"input":"a","target":1}\r\n\r\n[1]\r\n{"input":"b","target":2}\r\n{"input":"c","ta',
    );
    expect(cells(table)).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    expect(table.rows.map(({ at }) => at)).toEqual([1, 4]);
    expect(table.faults.map(({ where }) => where)).toEqual(['line 3 of a.jsonl', 'line 5 of a.jsonl']);
    expect(table.faults[1]?.what).toContain('the file may be cut off here');
  });

  test('keeps keys of any name', () => {
    const table = read('', '{"__proto__":"a","constructor":"b"}\n{"toString":"c"}\n');
    expect(table.columns).toEqual(['__proto__', 'constructor', 'toString']);
    expect(cells(table)[1]?.[2]).toBe('c');
  });
});

describe('several files', () => {
  test('are told apart by their names', () => {
    const row = '{"input":"a","target":"x"}\n';
    const names = ['few_shot_examples', 'test', 'format', 'eval', 'train', '.DS_Store'];
    const table = readSources(
      names.map((name) => file(`word_sorting/${name}${name.startsWith('.') ? '' : '.jsonl'}`, row)),
      {},
    );
    expect(table.parts.map(({ name, role }) => [name, role])).toEqual([
      ['train.jsonl', 'train'],
      ['eval.jsonl', 'validation'],
      ['test.jsonl', 'test'],
      ['few_shot_examples.jsonl', 'out'],
      ['format.jsonl', 'out'],
    ]);
    expect(table.name).toBe('word_sorting');
  });

  test('of several folders are refused, and so are none and empty ones', () => {
    const row = '{"input":"a","target":"x"}\n';
    expect(refusal(() => readSources([file('a/train.jsonl', row), file('b/train.jsonl', row)], {}))).toMatch(
      /2 folders: a, b.*one of them at a time/s,
    );
    expect(refusal(() => readSources([], {}))).toMatch(/no file/);
    expect(refusal(() => readSources([file('a.csv', '')], {}))).toMatch(/no rows/);
  });
});
