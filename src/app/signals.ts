import type { RunSignal } from './types.ts';

/** What a run has told, for those who listen and those who will. */
export interface Signals {
  tell(signal: RunSignal): void;
  /** Every signal so far, then each new one as it comes; returns the way to stop listening. */
  subscribe(listener: (signal: RunSignal) => void): () => void;
}

/** Of these only the latest matters to someone who listens later. */
type Passing = 'loading' | 'left' | 'checking' | 'stepping';
const isPassing = (signal: RunSignal): signal is RunSignal & { type: Passing } =>
  signal.type === 'loading' ||
  signal.type === 'left' ||
  signal.type === 'checking' ||
  signal.type === 'stepping';

/** Keeps what matters of a run's signals and hands each on. */
export function makeSignals(): Signals {
  const listeners = new Set<(signal: RunSignal) => void>();
  const kept: RunSignal[] = [];
  const latest = new Map<Passing, RunSignal>();
  return {
    tell(signal) {
      if (isPassing(signal)) latest.set(signal.type, signal);
      else kept.push(signal);
      for (const listener of listeners) {
        try {
          listener(signal);
        } catch (error) {
          // What fails in a listener is the listener's; the run does not end for it.
          queueMicrotask(() => {
            throw error;
          });
        }
      }
    },
    subscribe(listener) {
      for (const signal of [...kept, ...latest.values()]) listener(signal);
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
