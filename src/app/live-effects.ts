import type { Effect, Effects } from '../core/log.ts';
import { type Choice, type Embedder, type Engine, EngineError, type Reply } from '../core/model.ts';
import type { TuneResult, Tuner } from '../core/tuner.ts';

export interface LiveModels {
  target: Engine;
  optimizer: Engine;
  /** Null when the method needs no embeddings. */
  embedder: Embedder | null;
  /** Null or absent when the method follows no gradient. */
  tuner?: Tuner | null;
}

/** Holds asks back while a run is paused. */
export interface Gate {
  pause(): void;
  open(): void;
  /** Resolves at once unless paused. */
  passed(): Promise<void>;
}

export function makeGate(): Gate {
  let closed: { passed: Promise<void>; open: () => void } | null = null;
  return {
    pause() {
      if (closed !== null) return;
      let open = () => undefined as void;
      const passed = new Promise<void>((resolve) => (open = resolve));
      closed = { passed, open };
    },
    open() {
      closed?.open();
      closed = null;
    },
    passed: () => closed?.passed ?? Promise.resolve(),
  };
}

/** What a run makes of an engine that was lost. */
export interface Losses {
  /** What was told of recoveries since the last call; empty when there were none. */
  recovered(): string;
  /** The engine could not be brought back: closes the gate until the user says to go on, or throws to end the run. */
  pause(error: EngineError): void;
}

const ENDED_BY_LOSS: Losses = {
  recovered: () => '',
  pause(error) {
    throw error;
  },
};

/**
 * Effects done by real models. An ask that the model can never answer becomes a `refused` outcome, which the run
 * survives. An engine that is lost for good pauses the run; when it goes on, the model is loaded again and the same ask
 * made once more. Every other failure rejects. With several asks in flight, `ms` is the time since the ask began or
 * since the previous reply, whichever is later, so that the sum is the time that passed; a pause does not count.
 */
export function liveEffects(
  models: LiveModels,
  gate: Gate,
  signal: AbortSignal,
  now = () => performance.now(),
  losses = ENDED_BY_LOSS,
): Effects {
  let previous = 0;

  async function answer(effect: Effect): Promise<Answer> {
    switch (effect.kind) {
      case 'generate':
        return { kind: 'generate', reply: await models[effect.role].generate(effect.ask, signal) };
      case 'choose': {
        const engine = models[effect.role];
        if (engine.choose === undefined) {
          throw new EngineError(
            'refused',
            `${engine.id} cannot compare answers by their log-probability.`,
            'Read answers by decoding instead.',
          );
        }
        return { kind: 'choose', choice: await engine.choose(effect.ask, effect.options, signal) };
      }
      case 'embed':
        if (models.embedder === null)
          throw new EngineError('unavailable', 'This run has no embedding model.');
        return { kind: 'embed', vectors: await models.embedder.embed(effect.texts, signal) };
      case 'tune':
        if (!models.tuner) throw new EngineError('unavailable', 'This run has no differentiable model.');
        return { kind: 'tune', result: await models.tuner.tune(effect.ask, signal) };
    }
  }

  function modelOf(effect: Effect) {
    if (effect.kind === 'embed') return models.embedder;
    return effect.kind === 'tune' ? models.tuner : models[effect.role];
  }

  async function load(effect: Effect): Promise<void> {
    const model = modelOf(effect);
    await model?.load(() => undefined, signal);
  }

  return {
    async perform(effect) {
      let ms = 0;
      let lost = false;
      for (;;) {
        await gate.passed();
        const began = now();
        const count = () => {
          const ended = now();
          ms += Math.max(0, ended - Math.max(began, previous));
          previous = ended;
        };
        const came = () => {
          count();
          const recovered = losses.recovered();
          return recovered === '' ? { ms } : { ms, recovered };
        };
        let loading = false;
        try {
          if (signal.aborted) throw new EngineError('aborted', 'The run was stopped.');
          if (lost) {
            loading = true;
            await load(effect);
            loading = false;
          }
          const answered = await answer(effect);
          return { ...answered, ...came() };
        } catch (error) {
          if (!(error instanceof EngineError) || error.fault === 'aborted' || signal.aborted) throw error;
          // A model that does not come back is lost, whatever the reason that it gives.
          lost = loading || error.fault === 'lost';
          if (lost) {
            losses.pause(error);
            count();
          } else if (error.fault === 'context' || error.fault === 'refused') {
            return { kind: 'refused', reason: error.message, ...came() };
          } else throw error;
        }
      }
    },
  };
}

type Answer =
  | { kind: 'generate'; reply: Reply }
  | { kind: 'choose'; choice: Choice }
  | { kind: 'embed'; vectors: Float32Array[] }
  | { kind: 'tune'; result: TuneResult };
