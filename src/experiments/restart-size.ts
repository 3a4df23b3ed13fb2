import { COMPLEMENT, type Preset } from './preset.ts';

export const restartSize: Preset = {
  id: 'restart-size',
  name: 'Size of the model that restarts the gradient',
  question: 'How large must the model be whose proposals gradient descent goes on from?',
  paper: COMPLEMENT,
  look: 'Test score against the size of the optimizer, the target and the minutes staying the same: a larger model proposes better and leaves less time for gradients.',
  method: 'gradient-complement',
  options: { rounds: 1000, arm: 'language-model' },
  factors: [],
  optimizers: ['small', 'medium', 'large'],
  unit: 'minutes',
};
