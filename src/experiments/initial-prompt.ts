import { GPO, PACED, type Preset } from './preset.ts';

export const initialPrompt: Preset = {
  id: 'initial-prompt',
  name: 'Where the search begins',
  question: 'How much does the result depend on the initial prompt?',
  paper: GPO,
  look: 'How near the final scores are to each other, against how far the starts were apart: a good method forgets where it began.',
  method: 'gpo',
  options: PACED,
  factors: [
    {
      name: 'Initial prompt',
      levels: [
        { name: 'plain (the task’s own)', change: {} },
        { name: 'empty', change: { initialPrompt: '' } },
        { name: 'chain of thought', change: { initialPrompt: 'Let’s think step by step.' } },
        {
          name: 'poor',
          change: { initialPrompt: 'Do not think about it. Say the first thing that comes to mind.' },
        },
      ],
    },
  ],
};
