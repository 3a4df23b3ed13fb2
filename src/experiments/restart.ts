import { COMPLEMENT, type Preset } from './preset.ts';

/** Each arm may go on as long as it can: the budget ends it. Minutes count gradients and asks alike. */
export const restart: Preset = {
  id: 'restart',
  name: 'What restarts the gradient',
  question:
    'Does a language model find better places to go on from than chance, evolution or Bayesian optimization?',
  paper: COMPLEMENT,
  look: 'The test scores at equal minutes. Gradient only and language model only are the two halves; a complement has to beat both, and the random restart as well, which costs nothing.',
  method: 'gradient-complement',
  options: { rounds: 1000 },
  factors: [
    {
      name: 'Restart by',
      levels: [
        { name: 'gradient only', change: { options: { arm: 'none' } } },
        { name: 'language model only', change: { options: { arm: 'language-only' } } },
        { name: 'language model', change: { options: { arm: 'language-model' } } },
        { name: 'random words', change: { options: { arm: 'random' } } },
        { name: 'perturbation', change: { options: { arm: 'perturbation' } } },
        { name: 'crossover (EvoPrompt)', change: { options: { arm: 'crossover' } } },
        { name: 'Bayesian optimization', change: { options: { arm: 'bayesian' } } },
      ],
    },
  ],
  unit: 'minutes',
};
