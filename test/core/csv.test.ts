import fc from 'fast-check';
import Papa from 'papaparse';
import { expect, test } from 'vitest';
import { csvOf, safe } from '../../src/core/csv.ts';

test('quotes what needs it', () => {
  expect(csvOf([['a', 'b "c"', 'd,e', 'f\ng', 1.5, null, true]])).toBe(
    'a,"b ""c""","d,e","f\ng",1.5,,true\r\n',
  );
});

test('never lets text run as a formula; numbers stay numbers', () => {
  expect(csvOf([['=1+1', '+1', '-1', '@A1', ' =2', '\t=3', -0.5, 'a=b']])).toBe(
    "'=1+1,'+1,'-1,'@A1,' =2,'\t=3,-0.5,a=b\r\n",
  );
  expect(csvOf([[Number.NaN, Infinity]])).toBe(',\r\n');
});

const value = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.stringMatching(/^[\s=+\-@",\r\n\tab']*$/),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
);

test('property: another program reads back what was written, but for the guard against formulas', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(value, { minLength: 2, maxLength: 5 }), { minLength: 1, maxLength: 6 }),
      (rows) => {
        const { data } = Papa.parse<string[]>(csvOf(rows).replace(/\r\n$/, ''), {
          delimiter: ',',
          newline: '\r\n',
        });
        expect(data).toEqual(
          rows.map((row) => row.map((one) => (typeof one === 'number' ? String(one) : safe(one)))),
        );
      },
    ),
    { numRuns: 400 },
  );
});

test('property: no field begins as a formula does', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(safe(text)).not.toMatch(/^\s*[=+\-@]/);
    }),
  );
});
