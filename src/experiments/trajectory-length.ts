import { GPO, PACED, type Preset } from './preset.ts';

export const trajectoryLength: Preset = {
  id: 'trajectory-length',
  name: 'Trajectory length',
  question: 'How many past prompts should the optimizer see?',
  paper: GPO,
  look: 'Score against length: a longer trajectory costs optimizer tokens in every step. If the intervals overlap, the shortest is the one to use.',
  method: 'gpo',
  options: { ...PACED, trajectory: 'relevance' },
  factors: [
    {
      name: 'Past prompts shown',
      levels: [
        { name: '3 prompts', change: { options: { k: 3 } } },
        { name: '7 prompts', change: { options: { k: 7 } } },
        { name: '15 prompts', change: { options: { k: 15 } } },
      ],
    },
  ],
};
