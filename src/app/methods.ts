import type { Optimizer } from '../core/optimizer.ts';

/**
 * The code of each method, fetched when it is first needed; `virtual:methods` says what all of them are. Also to be
 * found in optimizers/index.ts, which tests and scripts use; a test holds the two together.
 */
const loads: Readonly<Record<string, () => Promise<Optimizer>>> = {
  gpo: () => import('../optimizers/gpo.ts').then(({ gpo }) => gpo),
  opro: () => import('../optimizers/opro.ts').then(({ opro }) => opro),
  'evoprompt-ga': () => import('../optimizers/evoprompt-ga.ts').then(({ evopromptGa }) => evopromptGa),
  'evoprompt-de': () => import('../optimizers/evoprompt-de.ts').then(({ evopromptDe }) => evopromptDe),
  gepa: () => import('../optimizers/gepa.ts').then(({ gepa }) => gepa),
  capo: () => import('../optimizers/capo.ts').then(({ capo }) => capo),
  ape: () => import('../optimizers/ape.ts').then(({ ape }) => ape),
  apo: () => import('../optimizers/apo.ts').then(({ apo }) => apo),
  pe2: () => import('../optimizers/pe2.ts').then(({ pe2 }) => pe2),
  abo: () => import('../optimizers/abo.ts').then(({ abo }) => abo),
  bayes: () => import('../optimizers/bayes.ts').then(({ bayes }) => bayes),
  'gradient-complement': () =>
    import('../optimizers/gradient-complement.ts').then(({ gradientComplement }) => gradientComplement),
  climb: () => import('../optimizers/climb.ts').then(({ climb }) => climb),
  random: () => import('../optimizers/random.ts').then(({ random }) => random),
};

/** Ids of all methods. */
export const methodIds: readonly string[] = Object.keys(loads);

/** The method of this id; null when there is none. Rejects when its code cannot be fetched. */
export async function loadMethod(id: string): Promise<Optimizer | null> {
  return Object.hasOwn(loads, id) ? ((await loads[id]?.()) ?? null) : null;
}
