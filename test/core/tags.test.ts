import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { between, cleanPrompt, fenced, lastBetween } from '../../src/core/tags.ts';

const tagged = (text: string) => between(text, '<START>', '<END>');

describe('between', () => {
  it.each([
    ['Sure: <START> Think. <END> Bye', 'Think.'],
    ['<start>Think.<End>', 'Think.'],
    ['<START>a<END><START>b<END>', 'a'],
    ['<END>x<START>Think.<END>', 'Think.'],
    ['<START>Think about <Prompt>', 'Think about <Prompt>'],
    ['<START>two\nlines<END>', 'two\nlines'],
    ['İİİ<START>a<END>', 'a'],
    // Never the whole reply, never an empty prompt:
    ['Think.', null],
    ['Think.<END>', null],
    ['<START><END>', null],
    ['<START> \n <END>', null],
    ['<START><Prompt><END>', null],
    ['', null],
  ])('%j gives %j', (text, content) => {
    expect(tagged(text)).toBe(content);
  });
  it('takes tags as they stand', () => {
    expect(between('see [a.b] and (c)', '[', ']')).toBe('a.b');
    expect(between('aXb', '.', '.')).toBeNull();
  });
  it('gives back any content without tags', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (content, around) => {
        fc.pre(!/<|>/.test(content + around) && content.trim() !== '');
        expect(tagged(`${around}<START>${content}<END>${around}`)).toBe(content.trim());
        expect(tagged(`${around}<START>${content}`)).toBe(content.trim());
      }),
    );
  });
});

describe('cleanPrompt', () => {
  it.each([
    ['  think.  ', 'Think.'],
    ['**Think** step', 'Think step'],
    ['"think."', 'Think.'],
    ['“think.”', 'Think.'],
    ['```\nthink.\n```', 'Think.'],
    ['```text\nthink.\n```', 'Think.'],
    ['"A" or "B"', '"A" or "B"'],
    ['\'tis "so"', '\'tis "so"'],
    ['\n\nfirst\n\nsecond\r\n', 'First\n\nsecond'],
    ['**"`think`"**', 'Think'],
    ['élan', 'Élan'],
    ['🦙 go', '🦙 go'],
    ['****', ''],
    ['""', ''],
    [' ', ''],
  ])('%j becomes %j', (text, clean) => {
    expect(cleanPrompt(text)).toBe(clean);
  });
  it('changes nothing the second time', () => {
    const pieces = fc.constantFrom(
      '"',
      "'",
      '`',
      '```',
      '**',
      '*',
      '\n',
      ' ',
      '“',
      '”',
      'a',
      'b c',
      '\r\n',
      'ß',
    );
    const text = fc.oneof(
      fc.array(pieces, { maxLength: 14 }).map((list) => list.join('')),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(text, (raw) => {
        const once = cleanPrompt(raw);
        expect(cleanPrompt(once)).toBe(once);
        expect(once).toBe(once.trim());
      }),
      { numRuns: 2000 },
    );
  });
});

describe('fenced', () => {
  it.each([
    ['Here it is:\n```\nDo it.\n```\nDone.', 'Do it.'],
    ['```text\nTwo\nlines\n```', 'Two\nlines'],
    ['```\nnever closed', 'never closed'],
    ['```one line```', 'one line'],
    ['```\n\n```', null],
    ['no fence', null],
  ])('%j', (text, expected) => {
    expect(fenced(text)).toBe(expected);
  });
});

describe('lastBetween', () => {
  it.each([
    ['1. <p>draft</p> 2. <p>final</p>', 'final'],
    ['<p>only</p>', 'only'],
    ['<p>final</p> wrapped in <p></p>', 'final'],
    ['<P>cut off', 'cut off'],
    ['</p>reversed<p>', null],
    ['no tag', null],
  ])('%j gives %j', (text, content) => {
    expect(lastBetween(text, '<p>', '</p>')).toBe(content);
  });
});
