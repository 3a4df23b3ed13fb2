import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isBinary, scoreAnswer } from '../../src/core/metrics.ts';
import type { Metric } from '../../src/core/task.ts';

describe('scoreAnswer', () => {
  it('scores 0 what could not be read, and the best of several gold answers', () => {
    expect(scoreAnswer({ kind: 'exact' }, null, ['x'])).toBe(0);
    expect(scoreAnswer({ kind: 'exact' }, 'y', ['x', 'y'])).toBe(1);
    expect(scoreAnswer({ kind: 'exact' }, 'z', ['x', 'y'])).toBe(0);
  });

  it('compares exact texts up to case, blanks and one final full stop', () => {
    expect(scoreAnswer({ kind: 'exact' }, ' New   york. ', ['New York'])).toBe(1);
    expect(scoreAnswer({ kind: 'exact' }, 'New York!', ['New York'])).toBe(0);
  });

  it('compares choices and pairs', () => {
    expect(scoreAnswer({ kind: 'choice' }, '(B)', ['B'])).toBe(1);
    expect(scoreAnswer({ kind: 'choice' }, '(B)', ['(b)'])).toBe(1);
    expect(scoreAnswer({ kind: 'choice' }, '(B)', ['(C)'])).toBe(0);
    expect(scoreAnswer({ kind: 'boolean', yes: 'True', no: 'False' }, 'True', ['true'])).toBe(1);
    expect(scoreAnswer({ kind: 'boolean', yes: 'True', no: 'False' }, 'True', ['False'])).toBe(0);
  });

  it('compares numbers after rounding', () => {
    const whole: Metric = { kind: 'number', decimals: 0 };
    expect(scoreAnswer(whole, '7.4', ['7'])).toBe(1);
    expect(scoreAnswer(whole, '7.6', ['7'])).toBe(0);
    expect(scoreAnswer(whole, '1250', ['1,250'])).toBe(1);
    expect(scoreAnswer(whole, '-0', ['0'])).toBe(1);
    expect(scoreAnswer({ kind: 'number', decimals: 2 }, '7.004', ['7'])).toBe(1);
    expect(scoreAnswer({ kind: 'number', decimals: 2 }, '7.01', ['7'])).toBe(0);
    expect(scoreAnswer(whole, 'seven', ['7'])).toBe(0);
    expect(scoreAnswer(whole, '7', ['seven'])).toBe(0);
  });

  it('looks for the gold text in the reply', () => {
    expect(scoreAnswer({ kind: 'contains' }, 'It was\nPARIS, of course', ['paris'])).toBe(1);
    expect(scoreAnswer({ kind: 'contains' }, 'It was Lyon', ['paris'])).toBe(0);
    expect(scoreAnswer({ kind: 'contains' }, 'anything', [''])).toBe(0);
  });

  describe('JSON', () => {
    const metric: Metric = { kind: 'json', fields: ['total', 'date', 'paid', 'lines'] };
    const gold = ['{"total": 1250.5, "date": "2 May", "paid": true, "lines": [1, {"a": null}]}'];
    it('is the share of the fields that are right', () => {
      const score = (answer: string) => scoreAnswer(metric, answer, gold);
      expect(score('{"total": 1250.5, "date": "2 may", "paid": true, "lines": [1, {"a": null}]}')).toBe(1);
      expect(score('{"total": "$1,250.50", "date": "3 May", "paid": true, "lines": [1]}')).toBe(0.5);
      expect(score('{"total": 1250.5, "paid": "true"}')).toBe(0.25);
      expect(score('[1]')).toBe(0);
      expect(score('null')).toBe(0);
      expect(score('{')).toBe(0);
    });
    it('counts only fields that are there', () => {
      const odd: Metric = { kind: 'json', fields: ['constructor', '__proto__', 'x'] };
      expect(scoreAnswer(odd, '{}', ['{}'])).toBe(0);
      expect(scoreAnswer(odd, '{"x": null}', ['{"x": null}'])).toBeCloseTo(1 / 3);
      expect(scoreAnswer(odd, '{}', ['{"x": null}'])).toBe(0);
    });
  });

  describe('ROUGE-L', () => {
    const score = (answer: string, ...gold: string[]) => scoreAnswer({ kind: 'rouge-l' }, answer, gold);
    // Lin 2004, section 3.1: recall of "police kill the gunman" and "the gunman kill police" is 3/4 and 2/4.
    it("equals the paper's sentences", () => {
      expect(score('police kill the gunman', 'police killed the gunman')).toBe(0.75);
      expect(score('the gunman kill police', 'police killed the gunman')).toBe(0.5);
    });
    // rouge_score 0.1.2: RougeScorer(['rougeL'], use_stemmer=False).score(reference, answer)['rougeL'].fmeasure
    it('equals the reference implementation', () => {
      expect(score('the cat is on the mat', 'The cat sat on the mat.')).toBeCloseTo(5 / 6, 12);
      expect(score('a c e g x y', 'A b c d e f g')).toBeCloseTo(0.6153846153846153, 12);
      expect(
        score(
          'Akeem Ayers debuted with the Tennessee Titans and plays for the Los Angeles Rams.',
          'Akeem Ayers made his debut for the Tennessee Titans, however he now plays for the Los Angeles Rams.',
        ),
      ).toBeCloseTo(0.6875, 12);
    });
    it('takes the best reference, and 0 where there is no word', () => {
      expect(score('a b', 'x', 'a b', 'a')).toBe(1);
      expect(score('...', 'a')).toBe(0);
      expect(score('a', '')).toBe(0);
    });
  });

  it('never throws and stays in 0..1; an answer equal to its gold scores 1', () => {
    const metrics: Metric[] = [
      { kind: 'choice' },
      { kind: 'boolean', yes: 'Yes', no: 'No' },
      { kind: 'number', decimals: 2 },
      { kind: 'exact' },
      { kind: 'contains' },
      { kind: 'json', fields: ['a', 'b'] },
      { kind: 'rouge-l' },
    ];
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.json());
    fc.assert(
      fc.property(fc.constantFrom(...metrics), text, text, (metric, answer, gold) => {
        const score = scoreAnswer(metric, answer, [gold]);
        expect(score).toBeGreaterThanOrEqual(0);
        expect(score).toBeLessThanOrEqual(1);
        if (metric.kind === 'exact' || metric.kind === 'choice' || metric.kind === 'boolean')
          expect(scoreAnswer(metric, answer, [gold, answer])).toBe(1);
      }),
    );
  });
});

describe('isBinary', () => {
  it('is false only where a score can lie between', () => {
    expect(isBinary({ kind: 'rouge-l' })).toBe(false);
    expect(isBinary({ kind: 'json', fields: ['a', 'b'] })).toBe(false);
    expect(isBinary({ kind: 'json', fields: ['a'] })).toBe(true);
    expect(isBinary({ kind: 'number', decimals: 0 })).toBe(true);
  });
});
