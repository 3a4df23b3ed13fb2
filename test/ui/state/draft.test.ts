import { describe, expect, test } from 'vitest';
import { designProblems, settingsOf } from '../../../src/core/experiment.ts';
import { presets } from '../../../src/experiments/index.ts';
import { optimizers } from '../../../src/optimizers/index.ts';
import { Draft, numbersIn } from '../../../src/ui/state/draft.svelte.ts';
import { models } from '../compare-world.ts';

const draft = (among = models) =>
  new Draft(() => ({ methods: optimizers, models: among }), {
    task: 'a',
    target: models[0]?.id ?? '',
    method: 'gpo',
  });
const preset = (id: string) => presets.find((one) => one.id === id) ?? null;

test.each(presets.map(({ id }) => id))('%s makes a design that can be run, given what it asks for', (id) => {
  const form = draft();
  form.choose(preset(id));
  if (form.preset?.carries) {
    expect(form.hindrance).toMatch(/carry/);
    form.carriedTasks = ['b'];
  }
  expect(form.hindrance).toBeNull();
  expect(designProblems(form.design, optimizers)).toEqual([]);
  expect(form.design.question).toBe(form.preset?.question);
  // As much work for each, and enough of it that the longest trajectory is filled.
  const { seeds, pool } = form.design;
  const unit = form.preset?.unit ?? 'tokens';
  const searches = settingsOf(form.design).length * seeds.length;
  expect(pool).toEqual({ unit, total: searches * (unit === 'tokens' ? 200_000 : 20), spare: 'leave' });
});

test('places for optimizer models are filled from the smallest to the largest, each model once', () => {
  const form = draft();
  form.choose(preset('optimizer-size'));
  expect(settingsOf(form.design).map(({ optimizer }) => optimizer)).toEqual([
    'wllama:smollm2-135m',
    'wllama:qwen2.5-0.5b',
  ]);
  const alone = draft(models.slice(0, 1));
  alone.choose(preset('optimizer-size'));
  expect(settingsOf(alone.design)).toHaveLength(1);
});

test('optimizer models of several sizes are asked in one way, which the smallest needs', () => {
  const form = draft();
  form.choose(preset('trajectory'));
  expect(form.design).not.toHaveProperty('metaStyle');
  form.choose(preset('optimizer-size'));
  expect(form.design.metaStyle).toBe('continuation');
  form.chosenStyle = 'chat';
  expect(form.design.metaStyle).toBe('chat');
  const large = draft(models.map((model) => ({ ...model, small: false })));
  large.choose(preset('optimizer-size'));
  expect(large.design.metaStyle).toBe('chat');
});

test('a budget grows with the searches until it is typed, and is counted as the preset needs', () => {
  const form = draft();
  form.choose(preset('trajectory-length'));
  form.repeats = 1;
  expect(form.total).toBe(600_000);
  form.tasks = ['a', 'b'];
  expect(form.total).toBe(1_200_000);
  form.typedTotal = 5000;
  form.choose(preset('methods'));
  expect(form.design.pool).toEqual({ unit: 'tokens', total: 5000, spare: 'leave' });
  form.countIn('minutes');
  form.choose(preset('step-size'));
  expect(form.unit).toBe('tokens');
  form.choose(preset('restart'));
  expect(form.design.pool).toEqual({ unit: 'minutes', total: 7 * 2 * 20, spare: 'leave' });
});

test('levels of a preset can be left out; all of them is a problem that is said', () => {
  const form = draft();
  form.choose(preset('trajectory-length'));
  form.leftOut = ['7 prompts'];
  expect(settingsOf(form.design).map(({ name }) => name)).toEqual(['3 prompts', '15 prompts']);
  form.leftOut = ['3 prompts', '7 prompts', '15 prompts'];
  expect(designProblems(form.design, optimizers)).toEqual(['Past prompts shown: choose at least one value.']);
});

describe('an own grid', () => {
  test('varies any option: choices and switches ticked, numbers typed', () => {
    const form = draft();
    form.vary({ option: 'decay' });
    form.vary({ option: 'reflection' });
    form.vary({ option: 'k' });
    form.change(0, { values: ['fixed', 'cosine decay'] });
    form.change(2, { text: '3, 7;15 7' });
    const settings = settingsOf(form.design);
    expect(settings).toHaveLength(2 * 2 * 3);
    expect(settings[0]).toMatchObject({
      name: 'fixed · Reflection: no · Past prompts shown 3',
      options: { decay: 'fixed', reflection: false, k: 3 },
    });
    expect(designProblems(form.design, optimizers)).toEqual([]);
    form.drop(0);
    expect(settingsOf(form.design)).toHaveLength(6);
  });

  test('varies methods, prompts and models', () => {
    const form = draft();
    form.vary({ other: 'initial prompt' });
    form.change(0, { text: 'Think.\n\n-\n' });
    form.vary({ other: 'method' });
    form.change(1, { values: ['GPO', 'OPRO'] });
    form.vary({ other: 'target' });
    const settings = settingsOf(form.design);
    expect(settings).toHaveLength(3 * 2 * 2);
    expect(settings.slice(0, 6).map(({ method, initialPrompt }) => [method, initialPrompt])).toEqual([
      ['gpo', null],
      ['gpo', null],
      ['gpo', 'Think.'],
      ['gpo', 'Think.'],
      ['gpo', ''],
      ['gpo', ''],
    ]);
  });

  test('varies methods together with an option of one of them', () => {
    const form = draft();
    form.vary({ option: 'k' });
    form.change(0, { text: '3 7' });
    form.vary({ other: 'method' });
    form.change(1, { values: ['GPO', 'OPRO'] });
    expect(settingsOf(form.design).map(({ name }) => name)).toEqual([
      'GPO · Past prompts shown 3',
      'GPO · Past prompts shown 7',
      'OPRO',
    ]);
    expect(designProblems(form.design, optimizers)).toEqual([]);
  });

  test('tells prompts apart that begin alike', () => {
    const form = draft();
    form.vary({ other: 'initial prompt' });
    const begin = 'Read the text below with great care, then ';
    form.change(0, { text: `${begin}think.\n${begin}answer.` });
    const names = settingsOf(form.design).map(({ name }) => name);
    expect(new Set(names).size).toBe(3);
    expect(names[2]).toBe('Read the text below with great care, the… (2)');
  });

  test('forgets options of another method', () => {
    const form = draft();
    form.vary({ option: 'decay' });
    form.options = { epochs: 2 };
    form.setMethod('opro');
    expect(form.design).toMatchObject({ method: 'opro', options: {}, factors: [] });
  });
});

test('numbers are read however they are set apart', () => {
  expect(numbersIn(' 3,7 ; 0.5\n15 x 7')).toEqual([3, 7, 0.5, 15]);
  expect(numbersIn('')).toEqual([]);
});
