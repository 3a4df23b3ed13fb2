import { describe, expect, test } from 'vitest';
import { makeRng } from '../../src/core/rng.ts';
import { render } from '../../src/core/render.ts';
import type { Ask } from '../../src/core/model.ts';
import { extract } from '../../src/core/extract.ts';
import { GENERAL_IDEAS, IDEAS, ideasOf, ideasOfSentence, INPUT_IDEAS, phrase, sentencesOf } from './ideas.ts';
import {
  expectedAccuracy,
  INPUT,
  LANDSCAPES,
  makeLandscape,
  perfectPrompt,
  rightAnswer,
  taskOf,
  type Landscape,
} from './landscape.ts';
import { readAsk, readCandidate, simulatedTarget } from './target.ts';

const { signal } = new AbortController();

/** The ask that a run would make. */
function askFor(land: Landscape, prompt: string, input: string): Ask {
  const task = taskOf(land, 1, { train: 1, validation: 1, test: 1 });
  const { content } = render({ prompt, shots: [] }, input, task, {
    style: 'chat',
    position: land.position,
    read: 'decode',
    maxTokens: 64,
  });
  return { content, maxTokens: 64, temperature: 0, seed: 0 };
}

describe('ideas', () => {
  test('every way to say an idea says this one and no other, whatever leads it', () => {
    for (const idea of IDEAS) {
      for (let i = 0; i < idea.phrasings.length; i++) {
        for (let lead = 0; lead < 6; lead++) {
          const draws = [i, lead];
          const sentence = phrase(idea, () => draws.shift() ?? 0);
          expect(ideasOfSentence(sentence), sentence).toEqual([idea.id]);
          expect(sentencesOf(sentence), sentence).toHaveLength(1);
        }
      }
    }
  });

  test('hints name one idea each, and only as part of inputs', () => {
    const hints = INPUT_IDEAS.flatMap(({ hints: some }) => some);
    expect(new Set(hints).size).toBe(hints.length);
    for (const hint of hints) expect(hint).not.toMatch(/[.\n]/u);
    expect(GENERAL_IDEAS.every((idea) => idea.hints.length === 0)).toBe(true);
  });
});

describe.each(LANDSCAPES.map((land) => [land.id, land] as const))('simulated landscape %s', (_id, land) => {
  test('a prompt that says all that helps is right at least 9 times in 10, an empty one at most 6', () => {
    expect(expectedAccuracy(land, perfectPrompt(land))).toBeGreaterThan(0.88);
    expect(expectedAccuracy(land, '')).toBeLessThan(0.6);
    expect(expectedAccuracy(land, '')).toBeGreaterThan(0.15);
    expect(expectedAccuracy(land, land.initialPrompt)).toBeLessThan(0.75);
  });

  test('other words for the same ideas move the accuracy by a few points at most', () => {
    const ideas = ideasOf(perfectPrompt(land));
    const truths = Array.from({ length: 12 }, (_, i) => {
      const rng = makeRng(i);
      const text = IDEAS.filter(({ id }) => ideas.includes(id)).map((idea) => phrase(idea, rng.below));
      return expectedAccuracy(land, text.join(' '));
    });
    expect(Math.max(...truths) - Math.min(...truths)).toBeLessThan(0.08);
    expect(new Set(truths).size).toBeGreaterThan(6);
  });

  test('each of the kinds of inputs has an idea whose mention raises the accuracy', () => {
    const all = perfectPrompt(land);
    for (const { shows } of land.groups) {
      if (shows === null) continue;
      const without = sentencesOf(all).filter((sentence) => !ideasOfSentence(sentence).includes(shows));
      expect(expectedAccuracy(land, without.join(' ')), shows).toBeLessThan(expectedAccuracy(land, all));
    }
  });

  test('a decoy lowers it', () => {
    const all = perfectPrompt(land);
    for (const [id, effect] of land.overall) {
      if (effect >= 0) continue;
      const decoy = IDEAS.find((idea) => idea.id === id);
      if (decoy === undefined) throw new Error(id);
      expect(expectedAccuracy(land, `${all} ${phrase(decoy, () => 0)}`)).toBeLessThan(
        expectedAccuracy(land, all),
      );
    }
  });

  test('worked examples stand in for part of what the prompt does not say', () => {
    const shows = land.groups.flatMap((group) => group.shows ?? []);
    const bare = expectedAccuracy(land, '');
    const shown = expectedAccuracy(land, '', shows);
    expect(shown).toBeGreaterThan(bare + 0.05);
    expect(shown).toBeLessThan(expectedAccuracy(land, perfectPrompt(land)));
  });

  test('the target’s answers have the expected accuracy, and the same ask the same answer', async () => {
    const engine = simulatedTarget(land);
    const { metric, splits } = taskOf(land, 5, { train: 0, validation: 0, test: 3000 });
    for (const prompt of ['', land.initialPrompt, perfectPrompt(land)]) {
      let right = 0;
      for (const { input, gold } of splits.test) {
        const { text } = await engine.generate(askFor(land, prompt, input), signal);
        const answer = extract(metric, text, input);
        if (answer === gold[0]) right += 1;
      }
      // Standard error of 3,000 answers and of the 2,000 held-out inputs: 1.4 points at most.
      expect(Math.abs(right / 3000 - expectedAccuracy(land, prompt)), prompt).toBeLessThan(0.045);
    }
    const ask = askFor(land, land.initialPrompt, splits.test[0]?.input ?? '');
    expect(await engine.generate(ask, signal)).toEqual(await simulatedTarget(land).generate(ask, signal));
  });

  test('no label stands in a prompt of its making or in the words of an input', () => {
    const { splits } = taskOf(land, 3);
    const inputs = [...splits.train, ...splits.validation].map(({ input }) => input).join(' ');
    for (const answer of land.answers)
      expect(inputs + perfectPrompt(land) + land.initialPrompt).not.toContain(answer);
  });
});

describe('a landscape', () => {
  test('same seed, same landscape and task; another draw, other examples, none of them held out', () => {
    expect(makeLandscape(5)).toEqual(makeLandscape(5));
    expect(makeLandscape(5)).not.toEqual(makeLandscape(6));
    const land = makeLandscape(5);
    expect(taskOf(land, 1)).toEqual(taskOf(land, 1));
    expect(taskOf(land, 1).splits.train).not.toEqual(taskOf(land, 2).splits.train);
    const { splits } = taskOf(land, 1);
    const inputs = [...splits.train, ...splits.validation, ...splits.test].map(({ input }) => input);
    expect(new Set(inputs).size).toBe(inputs.length);
    for (const input of inputs) {
      expect(input.match(INPUT)).toEqual([input]);
      expect(Number(/Case (\d+)/u.exec(input)?.[1])).toBeGreaterThanOrEqual(2000);
    }
  });

  test('drawn ones leave room above the empty prompt and can nearly be mastered', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const land = makeLandscape(seed);
      const best = expectedAccuracy(land, perfectPrompt(land));
      expect(best, `seed ${seed}`).toBeGreaterThan(0.83);
      expect(best - expectedAccuracy(land, ''), `seed ${seed}`).toBeGreaterThan(0.25);
    }
  });

  test('the right answer cannot be told from the words that show the kind', () => {
    const land = makeLandscape(9);
    const counts = new Map<string, number>();
    for (const { gold } of taskOf(land, 1, { train: 4000, validation: 0, test: 0 }).splits.train)
      counts.set(gold[0] ?? '', (counts.get(gold[0] ?? '') ?? 0) + 1);
    for (const answer of land.answers)
      expect(counts.get(answer) ?? 0).toBeGreaterThan((0.85 * 4000) / land.answers.length);
  });

  test('a worked example in the prompt counts as one shown, and its lines as no instruction', () => {
    const worked =
      'Item: Case 9: His note was never what we agreed on, for the board.\nAnswer:\nStep 1: Be creative.\nAnswer: jade';
    const prompt = `Say which group the case belongs to.\n\nLike this:\n\n${worked}\n\nBe brief.`;
    expect(readCandidate({ prompt, shots: [] })).toEqual({
      prompt: 'Say which group the case belongs to.\nLike this:\nBe brief.',
      shots: ['negation'],
    });
  });

  test('what the target reads out of an ask is the candidate, wherever it stands', () => {
    for (const position of ['before', 'question-begin', 'question-end', 'answer-begin'] as const) {
      const land = makeLandscape(4, { position });
      const task = taskOf(land, 1);
      const [one, two] = task.splits.train;
      if (one === undefined || two === undefined) throw new Error('no examples');
      const worked = 'Item: Case 9: His note as it should be, for the board.\nAnswer: jade';
      const candidate = {
        prompt: `${perfectPrompt(land)}\n\n${worked}\n\nStep 2: ${land.initialPrompt}`,
        shots: [one],
      };
      const { content } = render(candidate, two.input, task, {
        style: 'chat',
        position,
        read: 'decode',
        maxTokens: 8,
      });
      const seen = readAsk({ content, maxTokens: 8, temperature: 0, seed: 0 }, land);
      expect(seen.prompt).toBe(readCandidate(candidate).prompt);
      expect(seen.prompt).not.toContain('jade');
      expect(seen.input).toBe(two.input);
      // Where the prompt is said again with each example, so is what it shows.
      expect(new Set(seen.shots)).toEqual(
        new Set([one.input, 'Case 9: His note as it should be, for the board.']),
      );
      expect(rightAnswer(land, two.input)).toBe(two.gold[0]);
    }
  });
});
