import { hash, hashVector } from './hash.ts';
import { EngineError, type Ask, type Choice, type Reply } from './model.ts';
import type { TuneAsk, TuneResult } from './tuner.ts';

/** `target` answers the task, `optimizer` writes prompts; one model may play both. */
export type Role = 'target' | 'optimizer';

/** All that is not recomputed: whatever a run asks of the world outside it. */
export type Effect =
  | { kind: 'generate'; role: Role; ask: Ask }
  | { kind: 'choose'; role: Role; ask: Ask; options: readonly string[] }
  | { kind: 'embed'; texts: readonly string[] }
  | { kind: 'tune'; ask: TuneAsk };

/** What every outcome tells of how it came. */
interface Came {
  /** The wall-clock time that it added to the run. */
  ms: number;
  /** What happened when the engine had to be brought back on the way (its device was lost); absent otherwise. */
  recovered?: string;
  /** The same model gave this reply to the same ask in an earlier run; `ms` is 0 and tokens are as first measured. */
  reused?: true;
}

/**
 * What came back. `refused` records an ask that this model can never answer (longer than its context, a grammar that
 * it cannot parse), so that a replay refuses it too.
 */
export type Outcome =
  | ({ kind: 'generate'; reply: Reply } & Came)
  | ({ kind: 'choose'; choice: Choice } & Came)
  | ({ kind: 'embed'; vectors: Float32Array[] } & Came)
  | ({ kind: 'tune'; result: TuneResult } & Came)
  | ({ kind: 'refused'; reason: string } & Came);

export interface LoggedEffect {
  key: string;
  outcome: Outcome;
}

/** Does effects. Rejects with EngineError only: `aborted` when the user stopped, otherwise the engine is lost. */
export interface Effects {
  perform(effect: Effect): Promise<Outcome>;
}

/** Model ids by role: part of every key, so that a reply never answers for another model. */
export interface ModelIds {
  target: string;
  optimizer: string;
  embedder: string;
  /** The differentiable model; absent in runs of methods that need none. */
  tuner?: string;
}

/** What identifies an effect up to repetition; the n-th identical one gets `#n` behind it. */
export function effectKey(effect: Effect, models: ModelIds): string {
  switch (effect.kind) {
    case 'embed':
      return keyOf('embed:embed', models.embedder, JSON.stringify(effect.texts));
    case 'tune':
      return keyOf(`tuner:${effect.ask.do}`, models.tuner ?? '', vectorsHashed(effect.ask));
    case 'choose':
      return keyOf(
        `${effect.role}:choose`,
        models[effect.role],
        JSON.stringify([effect.ask, effect.options]),
      );
    case 'generate':
      return keyOf(`${effect.role}:generate`, models[effect.role], JSON.stringify(effect.ask));
  }
}

const keyOf = (what: string, model: string, asked: string) => `${what}:${model}:${hash(asked)}`;

/** Vectors count by their bytes: as JSON they would be text of many times the length. */
const vectorsHashed = (asked: TuneAsk) =>
  JSON.stringify(asked, (_, value: unknown) => (value instanceof Float32Array ? hashVector(value) : value));

/** Entries of a log with their keys. */
export type Past = Iterable<readonly [key: string, Outcome]>;

/**
 * Answers from `past` until it runs out, then from `live`, writing each new outcome before it is handed on: what
 * an optimizer has seen is always in the log. Without `live`, an unseen effect fails loudly (replay). `more` gives what
 * else there is of the past, a part at a time, and null at its end; it is asked when an effect is not found.
 */
export function logged(
  past: Past,
  models: ModelIds,
  live: Effects | null,
  write: (entry: LoggedEffect) => Promise<void>,
  more?: () => Promise<Past | null>,
): Effects {
  // How often each effect was asked for, and its first outcome in the past: most are asked once, and found at once.
  interface Known {
    asked: number;
    first: Outcome | undefined;
  }
  const known = new Map<string, Known>();
  const repetitions = new Map<string, Outcome>();
  function take(entries: Past): void {
    for (const [key, outcome] of entries) {
      if (!key.endsWith('#1')) {
        repetitions.set(key, outcome);
        continue;
      }
      const base = key.slice(0, -2);
      const mine = known.get(base);
      if (mine === undefined) known.set(base, { asked: 0, first: outcome });
      else mine.first = outcome;
    }
  }
  take(past);

  /** One part for all who wait; false when there is no more. */
  let reading: Promise<boolean> | null = null;
  async function readOn(): Promise<boolean> {
    const part = await more?.();
    reading = null;
    if (!part) return false;
    take(part);
    return true;
  }

  return {
    async perform(effect) {
      const base = effectKey(effect, models);
      const mine: Known = known.get(base) ?? { asked: 0, first: undefined };
      if (mine.asked === 0) known.set(base, mine);
      mine.asked += 1;
      const key = `${base}#${mine.asked}`;
      const first = mine.asked === 1;
      const find = () => (first ? mine.first : repetitions.get(key));
      let seen = find();
      while (seen === undefined && more !== undefined && (await (reading ??= readOn()))) seen = find();
      if (seen !== undefined) {
        mine.first = undefined;
        return seen;
      }
      if (live === null) {
        throw new EngineError(
          'unavailable',
          `The recording has no answer for ${key}.`,
          'It was made by another version of the program or its file is incomplete.',
        );
      }
      const outcome = await live.perform(effect);
      await write({ key, outcome });
      return outcome;
    },
  };
}
