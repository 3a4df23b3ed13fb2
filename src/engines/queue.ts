import { EngineError } from '../core/model.ts';

/** Asks wait here in order of arrival; one runs at a time. */
export interface Queue {
  /**
   * Runs `job` when its turn comes and settles as it does. When `signal` fires, waiting or running, rejects at once
   * with EngineError `aborted`; a running job is told by the signal it was given, and the next job starts only after
   * it has settled, so two never overlap.
   */
  run<T>(job: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Rejects everything waiting or running, and everything asked later, with `reason`. Idempotent: the first reason stays. */
  close(reason: EngineError): void;
}

export function makeQueue(): Queue {
  const closing = new AbortController();
  let closed: EngineError | null = null;
  let last: Promise<unknown> = Promise.resolve();
  const reason = () => closed ?? new EngineError('aborted', 'The ask was cancelled before its reply came.');

  return {
    async run<T>(job: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
      const stop = AbortSignal.any([signal, closing.signal]);
      if (stop.aborted) throw reason();
      const turn = last.then(() => {
        if (stop.aborted) throw reason();
        return job(stop);
      });
      last = turn.catch(() => undefined);
      return new Promise<T>((resolve, reject) => {
        const onAbort = () => reject(reason());
        stop.addEventListener('abort', onAbort, { once: true });
        turn.then(resolve, reject).finally(() => stop.removeEventListener('abort', onAbort));
      });
    },
    close(why) {
      if (closed) return;
      closed = why;
      closing.abort(why);
    },
  };
}
