import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jsonFault, placeAt } from '../../src/core/json-place.ts';

const isJson = (text: string) => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe('jsonFault', () => {
  test.each([
    ['', 'line 1, column 1: the text ends where a value was expected'],
    ['{"a": 1,\n "b" 2}', 'line 2, column 6: a colon was expected'],
    ['{"a": 1,}', 'line 1, column 9: a name in quotation marks was expected'],
    ['{a: 1}', 'line 1, column 2: a name in quotation marks, or } was expected'],
    ['[1, 2', 'line 1, column 6: the text ends where a comma or ] was expected'],
    ['[1,]', 'line 1, column 4: a value was expected'],
    ['[1] 2', 'line 1, column 5: the end of the text was expected'],
    ['"a\nb"', 'line 1, column 3: a quotation mark before the end of the line was expected'],
    ['"\\x"', 'line 1, column 3: one of the signs "\\/bfnrtu after \\ was expected'],
    ['"\\u12g4"', 'line 1, column 6: one of four hexadecimal digits was expected'],
    ['{"a": [true, nul]}', 'line 1, column 14: a value was expected'],
    ['\ufeff{}', 'line 1, column 1: a value was expected'],
  ])('%j', (text, fault) => expect(jsonFault(text)).toBe(fault));

  test('is null exactly where JSON.parse takes the text', () => {
    const pieces = fc.array(
      fc.constantFrom(
        ...'{}[]",:\\/ \n\t',
        ...['0', '-', '1.5', '1e', 'E+', 'true', 'null', '"a"', '"\\n"', '"\\u00e9"', '\\u', '\u0001', '01'],
      ),
      { maxLength: 8 },
    );
    const cut = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom('', '"', ',', '}', 'x'))
      .map(([json, at, sign]) => {
        const place = at % (json.length + 1);
        return json.slice(0, place) + sign + json.slice(place + sign.length);
      });
    const text = fc.oneof(
      fc.json(),
      cut,
      pieces.map((all) => all.join('')),
    );
    fc.assert(
      fc.property(text, (given) => {
        expect(jsonFault(given) === null).toBe(isJson(given));
      }),
      { numRuns: 3000 },
    );
  });

  test('what stands before the place can go on as JSON', () => {
    // A cut text fails at its end, or at a number or word that was cut.
    fc.assert(
      fc.property(fc.json(), fc.nat(), (json, at) => {
        const cut = json.slice(0, at % json.length);
        const fault = jsonFault(cut);
        if (fault === null) return;
        const column = Number(/^line 1, column (\d+)/.exec(fault)?.[1]);
        expect(cut.slice(column - 1)).toMatch(/^(?:[a-z]*|-?[\d.]*[eE]?[-+]?)$/);
      }),
    );
  });

  test('is not held up by a million open brackets', () => {
    expect(jsonFault('['.repeat(1_000_000))).toMatch(/column 1000001: the text ends/);
  });
});

test('lines and columns are counted from 1', () => {
  expect(placeAt('ab\ncd', 0)).toEqual({ line: 1, column: 1 });
  expect(placeAt('ab\ncd', 2)).toEqual({ line: 1, column: 3 });
  expect(placeAt('ab\ncd', 3)).toEqual({ line: 2, column: 1 });
  expect(placeAt('ab\ncd', 99)).toEqual({ line: 2, column: 3 });
});
