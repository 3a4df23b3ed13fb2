import { GPO, PACED, type Preset } from './preset.ts';

/** Each method may take as many steps as it can: the budget ends it. */
export const methods: Preset = {
  id: 'methods',
  name: 'Methods at equal tokens',
  question: 'Which method finds the best prompt for the same number of tokens?',
  paper: GPO,
  look: 'The mean ranks over several tasks, and each method against random search: a method that does not beat it has learnt nothing from its trajectory.',
  method: 'gpo',
  options: {},
  factors: [
    {
      name: 'Method',
      levels: [
        { name: 'Random search', change: { method: 'random', options: { steps: 1000 } } },
        { name: 'GPO', change: { method: 'gpo', options: { ...PACED, epochs: 50 } } },
        { name: 'OPRO', change: { method: 'opro', options: { steps: 1000 } } },
        { name: 'APO (ProTeGi)', change: { method: 'apo', options: { steps: 500 } } },
        { name: 'EvoPrompt GA', change: { method: 'evoprompt-ga', options: { generations: 500 } } },
        { name: 'EvoPrompt DE', change: { method: 'evoprompt-de', options: { generations: 500 } } },
        { name: 'Bayesian', change: { method: 'bayes', options: { steps: 500 } } },
        { name: 'ABO', change: { method: 'abo', options: { rounds: 100 } } },
      ],
    },
  ],
};
