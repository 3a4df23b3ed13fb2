import type { LoggedEffect } from '../core/log.ts';

/** Outcomes that may wait for the store before the run waits for it too. */
const LAG = 64;

/** Hands a run's outcomes to the store, in their order. */
export interface LogWriter {
  /** Resolves at once unless the store lags behind. Rejects when an earlier write failed: then nothing more is kept. */
  write(entry: LoggedEffect): Promise<void>;
  /** Resolves when all that was handed over is stored. Rejects as `write` does. */
  written(): Promise<void>;
  /** Outcomes stored so far, those before this writer included. */
  stored(): number;
}

/**
 * A writer that goes on from entry `first`. What comes while a write is under way goes into the next one, so a fast
 * model does not wait for the disk outcome by outcome, and with a slow one each outcome is written as it comes. One
 * write at a time, each whole or not at all: what is stored is always a beginning of what the run has seen, without
 * gaps, and at most `LAG` outcomes behind it.
 */
export function logWriter(
  first: number,
  append: (seq: number, entries: readonly LoggedEffect[]) => Promise<void>,
): LogWriter {
  let stored = first;
  let waiting: LoggedEffect[] = [];
  let writing: Promise<void> | null = null;
  let failure: { cause: unknown } | null = null;

  async function writeAll(): Promise<void> {
    try {
      while (waiting.length > 0) {
        const entries = waiting;
        waiting = [];
        await append(stored, entries);
        stored += entries.length;
      }
    } catch (cause) {
      failure = { cause };
    }
    writing = null;
  }
  function check() {
    if (failure !== null) throw failure.cause;
  }
  async function written() {
    await writing;
    check();
  }

  return {
    async write(entry) {
      check();
      waiting.push(entry);
      writing ??= writeAll();
      if (waiting.length >= LAG) await written();
    },
    written,
    stored: () => stored,
  };
}
