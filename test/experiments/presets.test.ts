import { describe, expect, test } from 'vitest';
import { designProblems, settingsOf, type Design } from '../../src/core/experiment.ts';
import { presets } from '../../src/experiments/index.ts';
import { optimizers } from '../../src/optimizers/index.ts';

function designOf(preset: (typeof presets)[number]): Design {
  const { name, question, id, method, options, factors } = preset;
  return {
    name,
    question,
    preset: id,
    method,
    options,
    factors,
    tasks: ['a'],
    target: 't',
    optimizer: 'o',
    seeds: [1],
    pool: { unit: 'tokens', total: 1, spare: 'share' },
    limits: null,
    carry: null,
  };
}

describe.each(presets.map((preset) => [preset.id, preset] as const))('%s', (_id, preset) => {
  test('names methods, options and values that exist', () => {
    expect(designProblems(designOf(preset), optimizers)).toEqual([]);
  });

  test('varies something, and no two of its settings are the same', () => {
    const levels = preset.factors.reduce((product, factor) => product * factor.levels.length, 1);
    expect(settingsOf(designOf(preset))).toHaveLength(levels);
    expect(levels > 1 || preset.optimizers !== undefined || preset.carries === true).toBe(true);
  });

  test('says what is asked, by whom, and what to look at', () => {
    expect(preset.id).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(preset.question).toMatch(/^[A-Z][^?]*\?$/);
    expect(preset.paper.title).not.toBe('');
    expect(preset.paper.url).toMatch(/^https:\/\//);
    expect(preset.look.length).toBeGreaterThan(30);
  });
});

test('a preset that did not fit its method would be seen', () => {
  const [first] = presets;
  if (first === undefined) throw new Error('There are no presets.');
  expect(designProblems({ ...designOf(first), options: { trajectory: 'nearest' } }, optimizers)).toHaveLength(
    1,
  );
});

test('ids are unique', () => {
  expect(new Set(presets.map(({ id }) => id)).size).toBe(presets.length);
});

test('each asks the whole of what its paper asks', () => {
  const levels = Object.fromEntries(
    presets.map(({ id, factors, optimizers: places }) => [
      id,
      [...factors.map((factor) => factor.levels.map(({ name }) => name)), ...(places ? [places] : [])],
    ]),
  );
  expect(levels).toEqual({
    'trajectory-length': [['3 prompts', '7 prompts', '15 prompts']],
    trajectory: [['none', 'relevance', 'recency', 'importance']],
    refinement: [['generation', 'editing']],
    'step-size': [
      [...['no limit', 'fixed', 'fixed, warm-up', 'linear', 'linear, warm-up', 'cosine', 'cosine, warm-up']],
    ],
    reflection: [['without reflection', 'with reflection']],
    'initial-prompt': [['plain (the task’s own)', 'empty', 'chain of thought', 'poor']],
    'optimizer-size': [['small', 'medium', 'large']],
    'carried-prompt': [],
    methods: [
      [
        ...['Random search', 'GPO', 'OPRO', 'APO (ProTeGi)', 'EvoPrompt GA', 'EvoPrompt DE', 'Bayesian'],
        'ABO',
      ],
    ],
    restart: [
      [
        ...['gradient only', 'language model only', 'language model', 'random words', 'perturbation'],
        ...['crossover (EvoPrompt)', 'Bayesian optimization'],
      ],
    ],
    'restart-size': [['small', 'medium', 'large']],
  });
  const options = (id: string) => presets.find((one) => one.id === id)?.factors[0]?.levels ?? [];
  expect(options('trajectory-length').map(({ change }) => change.options?.['k'])).toEqual([3, 7, 15]);
  expect(options('step-size').map(({ change: { options: of } }) => [of?.['decay'], of?.['warmup']])).toEqual([
    ['none', false],
    ...['fixed', 'linear', 'cosine'].flatMap((decay) => [
      [decay, false],
      [decay, true],
    ]),
  ]);
});

test('searches are equal in tokens, but where gradients take part in minutes, which count them', () => {
  for (const { unit, ...preset } of presets)
    expect(unit ?? 'tokens').toBe(preset.method === 'gradient-complement' ? 'minutes' : 'tokens');
});

test('GPO’s step size shrinks over the run that the budget leaves', () => {
  for (const { method, options } of presets.flatMap((one) => settingsOf(designOf(one))))
    if (method === 'gpo') expect(options['pace']).toBe('budget');
});

test('methods that the budget is to end have their length raised as far as it goes', () => {
  const lengths = ['steps', 'epochs', 'rounds', 'generations'];
  for (const { method, options } of presets
    .filter(({ id }) => ['methods', 'restart', 'restart-size'].includes(id))
    .flatMap((one) => settingsOf(designOf(one)))) {
    const own = optimizers.find(({ id }) => id === method)?.options ?? {};
    const name = lengths.find((each) => each in own) ?? '';
    const option = own[name];
    expect(option?.kind === 'number' ? [method, options[name]] : null).toEqual([
      method,
      option?.kind === 'number' ? option.max : null,
    ]);
  }
});
