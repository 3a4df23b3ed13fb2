import { portable, toBase64 } from './portable.ts';
import { outlineOf, pagesOf, runHeadOf, VERSION } from './schema.ts';
import type { StorageError } from './errors.ts';
import { sha256 } from './split-hashes.ts';
import type { Store } from './store.ts';

/**
 * A backup: everything of a store as one file, gzip over one JSON value a line (docs/backup.md). Neither model files nor
 * kept replies are in it: both come again by themselves. It is written and read a record at a time, so that memory holds
 * no more than the longest run.
 *
 * A header, then sections: a record with what belongs to it, then `{"sum": …}`, the SHA-256 of the section's lines and of
 * the sum before it, so that a file with a change, a gap or another order is not what was saved.
 */

export const FORMAT = 'whetstone-backup';
export const BACKUP_VERSION = 1;

/** How many there are of each. */
export interface Counts {
  runs: number;
  tasks: number;
  experiments: number;
  settings: number;
  vectors: number;
}
export const none = (): Counts => ({ runs: 0, tasks: 0, experiments: 0, settings: 0, vectors: 0 });

export interface BackedUp {
  file: Blob;
  counts: Counts;
  /** Records that cannot be read, and are not in the file. */
  problems: StorageError[];
}

/** Characters that are hashed at once. */
const PORTION = 1 << 18;

/** A hash that goes on from section to section. Lines are given without their ends. */
export function chainedSum() {
  let sum = '';
  let waiting: string[] = [];
  let length = 0;
  async function fold() {
    sum = await sha256([sum, ...waiting]);
    waiting = [];
    length = 0;
  }
  return {
    /** Resolves at once, or when a portion is hashed; null where there is nothing to wait for. */
    add(line: string): Promise<void> | null {
      waiting.push(line, '\n');
      length += line.length;
      return length >= PORTION ? fold() : null;
    },
    /** Ends a section. */
    async sum(): Promise<string> {
      await fold();
      return sum;
    },
  };
}

/** Rejects with StorageError. `told` hears of each run that is in the file. */
export async function backup(
  store: Store,
  told: (done: number, of: number) => void = () => undefined,
): Promise<BackedUp> {
  const counts = none();
  const problems: StorageError[] = [];
  const chain = chainedSum();

  /** In portions: a stream that carries line by line is slow. */
  async function* section(values: Iterable<unknown>): AsyncGenerator<string> {
    let portion = '';
    for (const value of values) {
      const line = JSON.stringify(value);
      const folding = chain.add(line);
      portion += `${line}\n`;
      if (folding === null) continue;
      await folding;
      yield portion;
      portion = '';
    }
    yield `${portion}${JSON.stringify({ sum: await chain.sum() })}\n`;
  }

  async function* lines(): AsyncGenerator<string> {
    yield* section([
      { format: FORMAT, version: BACKUP_VERSION, schema: VERSION, made: new Date().toISOString() },
    ]);
    for (const [setting, value] of await store.settings()) {
      counts.settings += 1;
      yield* section([{ setting, value }]);
    }
    const tasks = await store.tasks();
    problems.push(...tasks.problems);
    for (const { id } of tasks.items) {
      const task = await readable(store.task(id));
      if (task === null) continue;
      counts.tasks += 1;
      yield* section(concat([{ task: outlineOf(task) }], pagesOf(task)));
    }
    const runs = await store.runs();
    problems.push(...runs.problems);
    for (const [i, { id }] of runs.items.entries()) {
      told(i, runs.items.length);
      const record = await readable(store.run(id));
      if (record === null) continue;
      const log = await store.loadEffects(id);
      problems.push(...log.problems);
      counts.runs += 1;
      const effects = function* () {
        for (const effect of log.items) yield { effect: portable(effect) };
      };
      // A run that goes on meanwhile has outcomes that its record does not count yet, and never the other way round.
      const head = { ...runHeadOf(record), effects: Math.min(record.effects, log.items.length) };
      yield* section(concat([{ run: head }], pagesOf(record.task), effects()));
    }
    const experiments = await store.experiments();
    problems.push(...experiments.problems);
    for (const experiment of experiments.items) {
      counts.experiments += 1;
      yield* section([{ experiment }]);
    }
    for await (const page of store.vectorPages()) {
      counts.vectors += page.length;
      if (page.length > 0)
        yield* section(
          page.map(({ embedder, textHash, vector }) => ({ embedder, textHash, vector: toBase64(vector) })),
        );
    }
    yield* section([{ end: counts }]);
  }

  /** Null where it is gone meanwhile, or cannot be read, which is noted. */
  async function readable<T>(reading: Promise<T | null>): Promise<T | null> {
    return reading.catch((error: StorageError) => {
      if (error.fault !== 'broken') throw error;
      problems.push(error);
      return null;
    });
  }

  const text = lines();
  const stream = new ReadableStream<string>({
    async pull(controller) {
      const { value, done } = await text.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
  });
  const packed = stream.pipeThrough(new TextEncoderStream()).pipeThrough(new CompressionStream('gzip'));
  // The browser keeps a large Blob on the disk.
  const file = await new Response(packed).blob();
  return { file: new Blob([file], { type: 'application/gzip' }), counts, problems };
}

function* concat(...parts: Iterable<unknown>[]): Generator<unknown> {
  for (const part of parts) yield* part;
}
