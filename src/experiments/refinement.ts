import { GPO, PACED, type Preset } from './preset.ts';

export const refinement: Preset = {
  id: 'refinement',
  name: 'Generation or editing',
  question: 'Is it better to write a new prompt or to modify the current one?',
  paper: GPO,
  look: 'The two scores, and in the runs how many words each candidate changed. The paper prefers generation.',
  method: 'gpo',
  options: PACED,
  factors: [
    {
      name: 'Refinement',
      levels: [
        { name: 'generation', change: { options: { refinement: 'generate' } } },
        { name: 'editing', change: { options: { refinement: 'modify' } } },
      ],
    },
  ],
};
