import { GPO, PACED, type Preset } from './preset.ts';

export const trajectory: Preset = {
  id: 'trajectory',
  name: 'Which past prompts',
  question: 'Should the optimizer see the most similar past prompts, the latest, the best, or none?',
  paper: GPO,
  look: 'Each way against “none”, which shows what the trajectory is worth at all. The paper has relevance ahead of recency and importance.',
  method: 'gpo',
  options: PACED,
  factors: [
    {
      name: 'Trajectory',
      levels: [
        { name: 'none', change: { options: { trajectory: 'none' } } },
        { name: 'relevance', change: { options: { trajectory: 'relevance' } } },
        { name: 'recency', change: { options: { trajectory: 'recency' } } },
        { name: 'importance', change: { options: { trajectory: 'importance' } } },
      ],
    },
  ],
};
