import type { Plan } from './plan.ts';
import type { Answers, Checked, Numbered, Preview, Request, Response, SourceFile } from './protocol.ts';
import { ImportError, type Reading } from './table.ts';

/** The page's side of an import: files in, a table and a plan back, and in the end a stored task. */
export interface Importer {
  /** Reads files anew and forgets the ones before. Rejects with ImportError when nothing can be made of them. */
  read(files: readonly SourceFile[], reading: Partial<Reading>, progress: ImportProgress): Promise<Preview>;
  /** The metric that fits these columns and parts, and the settings that follow from it. */
  guess(plan: Plan): Promise<{ plan: Plan; why: string }>;
  /** What the plan gives, without storing anything. */
  check(plan: Plan, progress: ImportProgress): Promise<Checked>;
  /** Builds the task and stores it whole, or rejects and stores nothing. */
  take(plan: Plan, progress: ImportProgress): Promise<void>;
  /** Ends whatever is being done, which rejects as aborted, and forgets what was read. */
  cancel(): void;
}

export type ImportProgress = (progress: { done: number; total: number; doing: string }) => void;

/** Whether an import ended because `cancel` was called. */
export const wasCancelled = (error: unknown) => error instanceof Error && error.name === 'AbortError';

/** `keep` stores the text of a task when the worker has no database to write into. */
export function workerImporter(
  stored: () => Promise<boolean>,
  keep: (text: string) => Promise<void>,
): Importer {
  let worker: Worker | null = null;
  let next = 0;
  const waiting = new Map<
    number,
    { done(answer: Partial<Answers>): void; failed(error: Error): void; progress: ImportProgress }
  >();

  function end(error: Error) {
    worker?.terminate();
    worker = null;
    for (const { failed } of waiting.values()) failed(error);
    waiting.clear();
  }

  function open(): Worker {
    const opened = new Worker(new URL('./import.worker.ts', import.meta.url), { type: 'module' });
    opened.addEventListener('message', ({ data }: MessageEvent<Response>) => {
      const ask = waiting.get(data.id);
      if (data.kind === 'progress') return ask?.progress(data);
      waiting.delete(data.id);
      if (data.kind === 'done') ask?.done(data.answer);
      else ask?.failed(new ImportError(data.message, data.advice));
    });
    opened.addEventListener('error', ({ message }) =>
      end(
        new ImportError(
          `Reading stopped: ${message || 'the browser ended it'}.`,
          'The file may be too large for the memory that is free. Close other tabs, or import a part of it.',
        ),
      ),
    );
    return opened;
  }

  function send<K extends keyof Answers>(
    request: Request & { kind: K },
    progress: ImportProgress,
  ): Promise<Answers[K]> {
    return new Promise((resolve, reject) => {
      const id = next++;
      const done = (answers: Partial<Answers>) => {
        const answer = answers[request.kind];
        if (answer === undefined) reject(new Error(`The import worker did not answer ${request.kind}.`));
        else resolve(answer);
      };
      waiting.set(id, { done, failed: reject, progress });
      worker ??= open();
      worker.postMessage({ ...request, id } satisfies Numbered);
    });
  }

  const silent = () => undefined;
  return {
    read: (files, reading, progress) => send({ kind: 'read', files, reading }, progress),
    guess: (plan) => send({ kind: 'guess', plan }, silent),
    check: (plan, progress) => send({ kind: 'check', plan }, progress),
    async take(plan, progress) {
      const { text } = await send({ kind: 'take', plan, stored: await stored() }, progress);
      if (text !== null) await keep(text);
      end(new ImportError('The import is over.', 'Choose a file again.'));
    },
    cancel: () => end(new DOMException('The import was cancelled.', 'AbortError')),
  };
}
