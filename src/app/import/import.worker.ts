/** Reads and checks files beside the page, so that a hundred thousand rows do not hold it up. */
import { openStore } from '../../storage/store.ts';
import { TaskError, taskText } from '../task-file.ts';
import { buildTask } from './build.ts';
import { checkedOf, previewOf, taskOf } from './check.ts';
import { guessAgain } from './guess.ts';
import type { Answers, Numbered, Response } from './protocol.ts';
import { readSources, type Source } from './read.ts';
import { ImportError, type Progress, type Table } from './table.ts';

let table: Table | null = null;

const say = (response: Response) => postMessage(response);

async function work(request: Numbered): Promise<Partial<Answers>> {
  const report =
    (doing: string): Progress =>
    (done, total) =>
      say({ kind: 'progress', id: request.id, done, total, doing });
  if (request.kind === 'read') {
    table = null;
    const sources: Source[] = [];
    for (const { path, content } of request.files)
      sources.push({ path, bytes: new Uint8Array(await content.arrayBuffer()) });
    table = readSources(sources, request.reading, report('Reading'));
    return { read: previewOf(table) };
  }
  if (table === null) throw new ImportError('Nothing has been read yet.', 'Choose a file again.');
  if (request.kind === 'guess') return { guess: guessAgain(table, request.plan) };
  if (request.kind === 'check')
    return { check: checkedOf(buildTask(table, request.plan, report('Checking'))) };
  const task = taskOf(table, request.plan, report('Checking'));
  if (!request.stored) return { take: { text: taskText(task) } };
  const { store, problem } = await openStore();
  if (problem !== null) return { take: { text: taskText(task) } };
  say({ kind: 'progress', id: request.id, done: 1, total: 1, doing: 'Storing' });
  try {
    await store.saveTask(task);
  } finally {
    store.close();
  }
  return { take: { text: null } };
}

addEventListener('message', ({ data }: MessageEvent<Numbered>) => {
  work(data).then(
    (answer) => say({ kind: 'done', id: data.id, answer }),
    (error: unknown) => say({ kind: 'failed', id: data.id, ...reasonOf(error) }),
  );
});

function reasonOf(error: unknown): { message: string; advice: string } {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof TaskError)
    return { message, advice: 'Mend the file, or the settings, and try again.' };
  if (error instanceof Error && 'advice' in error && typeof error.advice === 'string')
    return { message, advice: error.advice };
  return { message, advice: 'Try a smaller part of the file.' };
}
