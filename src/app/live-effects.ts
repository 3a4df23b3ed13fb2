import type { Effects, Outcome } from '../core/log.ts';
import { EngineError, type Embedder, type Engine } from '../core/model.ts';

export interface LiveModels {
  target: Engine;
  optimizer: Engine;
  /** Null when the method needs no embeddings. */
  embedder: Embedder | null;
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

/**
 * Effects done by real models. An ask that the model can never answer becomes a `refused` outcome, which the run
 * survives; every other failure rejects. With several asks in flight, `ms` is the time since the ask began or since
 * the previous reply, whichever is later, so that the sum is the time that passed.
 */
export function liveEffects(
  models: LiveModels,
  gate: Gate,
  signal: AbortSignal,
  now = () => performance.now(),
): Effects {
  let previous = 0;
  return {
    async perform(effect) {
      await gate.passed();
      const began = now();
      const elapsed = () => {
        const ended = now();
        const ms = ended - Math.max(began, previous);
        previous = ended;
        return Math.max(0, ms);
      };
      try {
        if (signal.aborted) throw new EngineError('aborted', 'The run was stopped.');
        switch (effect.kind) {
          case 'generate': {
            const reply = await models[effect.role].generate(effect.ask, signal);
            return { kind: 'generate', reply, ms: elapsed() } satisfies Outcome;
          }
          case 'choose': {
            const engine = models[effect.role];
            if (engine.choose === undefined) {
              throw new EngineError(
                'refused',
                `${engine.id} cannot compare answers by their log-probability.`,
                'Read answers by decoding instead.',
              );
            }
            const choice = await engine.choose(effect.ask, effect.options, signal);
            return { kind: 'choose', choice, ms: elapsed() } satisfies Outcome;
          }
          case 'embed': {
            if (models.embedder === null)
              throw new EngineError('unavailable', 'This run has no embedding model.');
            const vectors = await models.embedder.embed(effect.texts, signal);
            return { kind: 'embed', vectors, ms: elapsed() } satisfies Outcome;
          }
        }
      } catch (error) {
        if (error instanceof EngineError && (error.fault === 'context' || error.fault === 'refused')) {
          return { kind: 'refused', reason: error.message, ms: elapsed() };
        }
        throw error;
      }
    },
  };
}
