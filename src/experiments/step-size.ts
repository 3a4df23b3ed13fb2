import { GPO, PACED, type Preset } from './preset.ts';

export const stepSize: Preset = {
  id: 'step-size',
  name: 'Step size over the run',
  question: 'Does it help to let fewer words change as the run goes on, and to begin with small steps?',
  paper: GPO,
  look: 'Score and tokens side by side. The paper has cosine decay without warm-up ahead. Without a limit there is no size to warm up to, so “none” stands alone.',
  method: 'gpo',
  options: PACED,
  factors: [
    {
      name: 'Step size',
      levels: [
        { name: 'no limit', change: { options: { decay: 'none', warmup: false } } },
        { name: 'fixed', change: { options: { decay: 'fixed', warmup: false } } },
        { name: 'fixed, warm-up', change: { options: { decay: 'fixed', warmup: true } } },
        { name: 'linear', change: { options: { decay: 'linear', warmup: false } } },
        { name: 'linear, warm-up', change: { options: { decay: 'linear', warmup: true } } },
        { name: 'cosine', change: { options: { decay: 'cosine', warmup: false } } },
        { name: 'cosine, warm-up', change: { options: { decay: 'cosine', warmup: true } } },
      ],
    },
  ],
};
