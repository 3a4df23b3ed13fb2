import { GPO, PACED, type Preset } from './preset.ts';

export const optimizerSize: Preset = {
  id: 'optimizer-size',
  name: 'Size of the optimizer model',
  question: 'How large must the model that writes prompts be for one and the same target?',
  paper: GPO,
  look: 'Score against the size of the optimizer, the target staying the same; in the runs, how many proposals were rejected.',
  method: 'gpo',
  options: PACED,
  factors: [],
  optimizers: ['small', 'medium', 'large'],
};
