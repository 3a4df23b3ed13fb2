import { carriedPrompt } from './carried-prompt.ts';
import { initialPrompt } from './initial-prompt.ts';
import { methods } from './methods.ts';
import { optimizerSize } from './optimizer-size.ts';
import type { Preset } from './preset.ts';
import { refinement } from './refinement.ts';
import { reflection } from './reflection.ts';
import { restartSize } from './restart-size.ts';
import { restart } from './restart.ts';
import { stepSize } from './step-size.ts';
import { trajectoryLength } from './trajectory-length.ts';
import { trajectory } from './trajectory.ts';

export type { Preset } from './preset.ts';

/** In the order in which the page offers them. */
export const presets: readonly Preset[] = [
  trajectoryLength,
  trajectory,
  refinement,
  stepSize,
  reflection,
  initialPrompt,
  optimizerSize,
  carriedPrompt,
  methods,
  restart,
  restartSize,
];
