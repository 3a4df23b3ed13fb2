import type { Optimizer } from '../core/optimizer.ts';
import { gpo } from './gpo.ts';
import { opro } from './opro.ts';

/** Every method, in the order in which the page offers them. */
export const optimizers: readonly Optimizer[] = [gpo, opro];
