import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Ask } from '../../src/core/model.ts';
import { between, fenced } from '../../src/core/tags.ts';
import { ideasOf } from './ideas.ts';
import { read } from './reader.ts';
import { SKILL, simulatedWriter } from './writer.ts';

const { signal } = new AbortController();
const ask = (text: string, seed = 1, temperature = 1): Ask => ({
  content: { kind: 'chat', messages: [{ role: 'user', content: text }] },
  maxTokens: 512,
  temperature,
  seed,
});
/** An optimizer that never spoils a form. */
const tidy = { ...SKILL, sloppy: 0, silent: 0, parroting: 0 };
const reply = async (text: string, seed = 1, skill = tidy) =>
  (await simulatedWriter(skill).generate(ask(text, seed), signal)).text;

const CURRENT = 'Say which group the case belongs to. Be creative.';
const ERRORS = `1. Item: Case 1: Her request was never what we agreed on, on our list.
Answer:
Model's answer: amber
Right answer: birch

2. Item: Case 2: This matter is not at all as promised, on our list.
Answer:
Model's answer: amber
Right answer: jade`;

describe('the simulated optimizer', () => {
  test('answers in the form that the meta-prompt names', async () => {
    const asked = (form: string) => `The current prompt is:\n${CURRENT}\n\nWrite a better prompt. ${form}`;
    const forms: [string, (text: string) => string | null][] = [
      ['Put the new prompt between <START> and <END>.', (text) => between(text, '<START>', '<END>')],
      ['Begin it with <INS> and end it with </INS>.', (text) => between(text, '<INS>', '</INS>')],
      ['Put it between <prompt> and </prompt>.', (text) => between(text, '<prompt>', '</prompt>')],
      ['Write the text in square brackets.', (text) => between(text, '[', ']')],
      ['Give it in a fenced block (```).', fenced],
      ['Reply only with the prompt.', (text) => text],
    ];
    for (const [form, parse] of forms) {
      for (let seed = 0; seed < 10; seed++) {
        const prompt = parse(await reply(asked(form), seed));
        expect(prompt, form).not.toBeNull();
        expect(prompt, form).toMatch(/^[^<[`]+$/u);
      }
    }
  });

  test('gives as many as are wanted, each in its form', async () => {
    const text = await reply(
      `The prompt is:\n${CURRENT}\n\nIt got these wrong:\n\n${ERRORS}\n\nGive 3 different reasons why. Put each between <START> and <END>.`,
    );
    expect(text.match(/<START>[^<]+<END>/gu)).toHaveLength(3);
  });

  test('fills an object with the keys that are shown', async () => {
    const text = await reply(
      `Steps:\n1. Be creative.\n2. Double-check your answer.\n\n${ERRORS}\n\nReply with JSON: {"step": number, "kind": "not followed" or "missing", "reason": "..."}`,
    );
    const verdict: unknown = JSON.parse(text);
    expect(verdict).toMatchObject({ reason: expect.any(String), step: expect.any(Number) });
    expect(['not followed', 'missing']).toContain(Reflect.get(Object(verdict), 'kind'));
  });

  test('writes a list of steps, one new step, or one step anew, as asked', async () => {
    const list =
      'Step 1: Say which group the case belongs to.\nStep 2: Be creative. Double-check your answer.';
    for (let seed = 0; seed < 20; seed++) {
      const steps = await reply(
        `The prompt so far:\n${CURRENT}\n\nWrite a numbered list of steps between <steps> and </steps>.`,
        seed,
      );
      expect(between(steps, '<steps>', '</steps>')).toMatch(/^1\. .+\n2\. .+/u);
      for (const wish of ['Write the one new step that is missing.', 'Rewrite only step 2.']) {
        const step = await reply(
          `The steps:\n${list}\n\n${ERRORS}\n\n${wish} Put it between <step> and </step>.`,
          seed,
        );
        expect(between(step, '<step>', '</step>'), wish).toMatch(/^(?!Step|1\.)[^\n]+$/u);
      }
    }
  });

  test('carries out the steps that it is shown, with the answer that it is shown', async () => {
    const text = await reply(
      `Steps:\nStep 1: Be creative. Be brief.\nStep 2: Double-check your answer.\n\nItem: Case 1: Her request was never what we agreed on, on our list.\n\nThe right answer is: birch\n\nCarry out all steps on this input and show the work. Put it between <demo> and </demo>.`,
      2,
    );
    expect(between(text, '<demo>', '</demo>')?.split('\n')).toEqual([
      'Case 1: Her request was never what we agreed on, on our list.',
      'Step 1: Be creative. Done.',
      'Step 2: Double-check your answer. Done.',
      'Answer: birch',
    ]);
  });

  test('continues a scored list by one line', async () => {
    const text = `Instruction: ${CURRENT}\nScore: 40\n\nInstruction: Say which group the case belongs to. Bring all units of measure to one.\nScore: 80\n\nInstruction:`;
    const { text: line } = await simulatedWriter(tidy).generate(
      { content: { kind: 'completion', text }, maxTokens: 64, temperature: 1, seed: 3 },
      signal,
    );
    expect(line.trim()).not.toBe('');
    expect(line).not.toContain('\n');
  });

  test('sees more often than by chance what wrongly answered inputs call for, but not always', async () => {
    const asked = (errors: string) =>
      `The current prompt is:\n${CURRENT}\n\nIt got these examples wrong:\n\n${errors}\n\nWrite a better prompt. Put it between <START> and <END>.`;
    const seen = async (errors: string) => {
      let count = 0;
      for (let seed = 0; seed < 200; seed++)
        if (ideasOf(await reply(asked(errors), seed)).includes('negation')) count += 1;
      return count / 200;
    };
    const shown = await seen(ERRORS);
    expect(shown).toBeGreaterThan(0.35);
    expect(shown).toBeLessThan(0.8);
    expect(await seen('')).toBeLessThan(0.1);
  });

  test('keeps what the better-scored prompts say more often than what the worse ones say', async () => {
    const asked = `Prompt: Say which group the case belongs to. Bring all units of measure to one.
Score: 80

Prompt: Say which group the case belongs to. Trust your first impression.
Score: 40

Write a new prompt with a higher score. Put it between <START> and <END>.`;
    let better = 0;
    let worse = 0;
    for (let seed = 0; seed < 200; seed++) {
      const ideas = ideasOf(await reply(asked, seed));
      if (ideas.includes('units')) better += 1;
      if (ideas.includes('intuition')) worse += 1;
    }
    expect(better).toBeGreaterThan(3 * worse);
    expect(better).toBeLessThan(200);
  });

  test('says the same in other words when asked to', async () => {
    const prompt =
      'Say which group the case belongs to. Bring all units of measure to one. Think step by step.';
    const asked = `Write a variation of the following prompt for a language model. Keep its meaning, use other words.\n\n${prompt}\n\nPut the variation between <prompt> and </prompt>.`;
    let kept = 0;
    const texts = new Set<string>();
    for (let seed = 0; seed < 100; seed++) {
      const text = await reply(asked, seed);
      texts.add(text);
      if (ideasOf(text).sort().join() === 'steps,units') kept += 1;
    }
    expect(texts.size).toBeGreaterThan(50);
    expect(kept).toBeGreaterThan(80);
  });

  test('spoils the form now and then', async () => {
    const asked = `The current prompt is:\n${CURRENT}\n\nWrite a better prompt. Put it between <START> and <END>.`;
    let spoilt = 0;
    for (let seed = 0; seed < 400; seed++)
      if (between(await reply(asked, seed, SKILL), '<START>', '<END>') === null) spoilt += 1;
    expect(spoilt).toBeGreaterThan(3);
    expect(spoilt).toBeLessThan(50);
  });

  test('same ask, same reply; at temperature 0 whatever the seed', async () => {
    const text = `The current prompt is:\n${CURRENT}\n\nWrite a better prompt.`;
    expect(await reply(text, 5)).toBe(await reply(text, 5));
    const cold = (seed: number) => simulatedWriter().generate(ask(text, seed, 0), signal);
    expect(await cold(1)).toEqual(await cold(2));
  });

  test('says no right answer that it was not shown', async () => {
    const texts = await Promise.all(
      Array.from({ length: 100 }, (_, seed) =>
        reply(`${ERRORS}\n\nGive reasons why. Then write a prompt, with a demonstration.`, seed, SKILL),
      ),
    );
    // Shown: amber, birch, jade. The labels of landscapes are these and seven more.
    for (const text of texts) expect(text).not.toMatch(/cobalt|dune|ember|fjord|grove|heath|iris/u);
  });

  test('any text is answered', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 400 }), fc.nat(), async (text, seed) => {
        expect(typeof (await reply(text, seed, SKILL))).toBe('string');
      }),
      { numRuns: 300 },
    );
  });
});

describe('reading a meta-prompt', () => {
  test('prompts with their scores, in several layouts', () => {
    const one = 'Say which group the case belongs to. Bring all units of measure to one.';
    const two = 'Name the group of the case. Double-check your answer.';
    const layouts = [
      `Prompt: ${one}\nScore: 40\n\nPrompt: ${two}\nScore: 80.5\n\nWrite a new prompt.`,
      `text:\n${one}\nscore:\n40\n\ntext:\n${two}\nscore:\n80.5\n\nWrite a new text.`,
      `Precision: 40 <TEXT>${one}</TEXT>\n\nPrecision: 80.5 <TEXT>${two}</TEXT>\n\nWrite one more text.`,
    ];
    for (const layout of layouts) {
      expect(
        read(layout, false).shown.map(({ text, score }) => [text, score]),
        layout,
      ).toEqual([
        [one, 40],
        [two, 80.5],
      ]);
    }
  });

  test('wrong and right answers are told apart', () => {
    const right = `3. Item: Case 3: The parcel weighs 3 lb and 200 g, on our list.\nAnswer:\nModel's answer: jade\nRight answer: jade`;
    const { errors, exemplars, shownGold } = read(`It got these wrong:\n\n${ERRORS}`, false);
    expect(errors).toHaveLength(2);
    expect(exemplars).toHaveLength(0);
    expect([...shownGold.values()]).toEqual(['birch', 'jade']);
    const mixed = read(
      `Input: Case 7: Her note is as it should be, on our list.\nFeedback: Right.\n\nInput: Case 8: His note is as it should be, on our list.\nFeedback: Wrong: expected birch, got amber.`,
      false,
    );
    expect(mixed.errors).toHaveLength(1);
    expect(mixed.exemplars).toHaveLength(1);
    expect(read(right.replace('jade', 'amber'), false).errors).toHaveLength(0);
  });

  test('limits, criticism and numbers of steps', () => {
    const reading = read(
      `The current prompt is:\n${CURRENT}\n\nIts problems:\nIt does not say: bring all units of measure to one. It should not say: be creative.\n\nRewrite only step 2. You may change at most 12 words of the prompt. It may have at most 50 words.`,
      false,
    );
    expect(reading.advised).toEqual(['units']);
    expect(reading.discouraged).toEqual(['creative']);
    expect(reading.mayChange).toBe(12);
    expect(reading.mayHave).toBe(50);
    expect(reading.onlyStep).toBe(2);
    expect(reading.shown).toEqual([{ text: CURRENT, score: null, current: true }]);
  });
});
