import type { Optimizer } from '../core/optimizer.ts';
import { abo } from './abo.ts';
import { ape } from './ape.ts';
import { apo } from './apo.ts';
import { bayes } from './bayes.ts';
import { capo } from './capo.ts';
import { climb } from './climb.ts';
import { evopromptDe } from './evoprompt-de.ts';
import { evopromptGa } from './evoprompt-ga.ts';
import { gepa } from './gepa.ts';
import { gpo } from './gpo.ts';
import { gradientComplement } from './gradient-complement.ts';
import { opro } from './opro.ts';
import { pe2 } from './pe2.ts';
import { random } from './random.ts';

/** Every method, in the order in which the page offers them. */
export const optimizers: readonly Optimizer[] = [
  gpo,
  opro,
  evopromptGa,
  evopromptDe,
  gepa,
  capo,
  ape,
  apo,
  pe2,
  abo,
  bayes,
  gradientComplement,
  climb,
  random,
];
