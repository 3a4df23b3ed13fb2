import { GPO, PACED, type Preset } from './preset.ts';

export const reflection: Preset = {
  id: 'reflection',
  name: 'With and without reflection',
  question: 'Does it help to ask first what is wrong with the current prompt?',
  paper: GPO,
  look: 'Score and tokens: a reflection costs answers to the batch and one more request a step. In the paper it lowered every result.',
  method: 'gpo',
  options: PACED,
  factors: [
    {
      name: 'Reflection',
      levels: [
        { name: 'without reflection', change: { options: { reflection: false } } },
        { name: 'with reflection', change: { options: { reflection: true } } },
      ],
    },
  ],
};
