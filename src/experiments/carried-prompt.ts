import { GPO, PACED, type Preset } from './preset.ts';

export const carriedPrompt: Preset = {
  id: 'carried-prompt',
  name: 'Prompts carried elsewhere',
  question: 'Is a prompt that was found for one task and target any good for others?',
  paper: GPO,
  look: 'The carried prompt against the other task’s own, on the same examples. “Not shown” or “worse” means that it was fitted to where it was found.',
  method: 'gpo',
  options: PACED,
  factors: [],
  carries: true,
};
