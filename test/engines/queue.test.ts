import { describe, expect, test } from 'vitest';
import { EngineError } from '../../src/core/model.ts';
import { makeQueue } from '../../src/engines/queue.ts';

/** A job that runs until it is let go, and records what happened to it. */
function held(name: string, events: string[]) {
  let release: (value: string) => void = () => undefined;
  const job = (signal: AbortSignal) => {
    events.push(`${name} starts`);
    signal.addEventListener('abort', () => events.push(`${name} told`));
    return new Promise<string>((resolve) => {
      release = (value) => {
        events.push(`${name} ends`);
        resolve(value);
      };
    });
  };
  return { job, release: (value: string) => release(value) };
}

const never = new AbortController().signal;
const settle = () => new Promise((resolve) => setTimeout(resolve));

describe('makeQueue', () => {
  test('runs jobs one at a time in order of arrival', async () => {
    const events: string[] = [];
    const queue = makeQueue();
    const a = held('a', events);
    const b = held('b', events);
    const first = queue.run(a.job, never);
    const second = queue.run(b.job, never);
    await settle();
    expect(events).toEqual(['a starts']);
    a.release('one');
    expect(await first).toBe('one');
    await settle();
    b.release('two');
    expect(await second).toBe('two');
    expect(events).toEqual(['a starts', 'a ends', 'b starts', 'b ends']);
  });

  test('a failed job does not stop the next', async () => {
    const queue = makeQueue();
    const first = queue.run(() => Promise.reject(new EngineError('refused', 'no')), never);
    const second = queue.run(() => Promise.resolve(2), never);
    await expect(first).rejects.toMatchObject({ fault: 'refused' });
    expect(await second).toBe(2);
  });

  test('a job that throws before its promise rejects too', async () => {
    const queue = makeQueue();
    const job = (): Promise<number> => {
      throw new EngineError('refused', 'at once');
    };
    await expect(queue.run(job, never)).rejects.toMatchObject({ message: 'at once' });
  });

  test('a waiting job is cancelled at once and never starts', async () => {
    const events: string[] = [];
    const queue = makeQueue();
    const a = held('a', events);
    const b = held('b', events);
    const cancel = new AbortController();
    const first = queue.run(a.job, never);
    const second = queue.run(b.job, cancel.signal);
    const third = queue.run(() => Promise.resolve(3), never);
    cancel.abort();
    await expect(second).rejects.toMatchObject({ fault: 'aborted' });
    a.release('one');
    await first;
    expect(await third).toBe(3);
    expect(events).toEqual(['a starts', 'a ends']);
  });

  test('a running job is told; its caller is free at once, the next job waits until it has settled', async () => {
    const events: string[] = [];
    const queue = makeQueue();
    const a = held('a', events);
    const b = held('b', events);
    const cancel = new AbortController();
    const first = queue.run(a.job, cancel.signal);
    const second = queue.run(b.job, never);
    await settle();
    cancel.abort();
    await expect(first).rejects.toMatchObject({ fault: 'aborted' });
    await settle();
    expect(events).toEqual(['a starts', 'a told']);
    a.release('late');
    await settle();
    expect(events).toEqual(['a starts', 'a told', 'a ends', 'b starts']);
    b.release('two');
    expect(await second).toBe('two');
  });

  test('an aborted signal is refused before the job starts', async () => {
    const queue = makeQueue();
    let started = false;
    const job = () => {
      started = true;
      return Promise.resolve();
    };
    await expect(queue.run(job, AbortSignal.abort())).rejects.toMatchObject({ fault: 'aborted' });
    expect(started).toBe(false);
  });

  test('close rejects running, waiting and later jobs with its reason', async () => {
    const events: string[] = [];
    const queue = makeQueue();
    const a = held('a', events);
    const first = queue.run(a.job, never);
    const second = queue.run(() => Promise.resolve(2), never);
    await settle();
    queue.close(new EngineError('lost', 'the worker died'));
    queue.close(new EngineError('aborted', 'a second reason'));
    for (const gone of [first, second, queue.run(() => Promise.resolve(3), never)]) {
      await expect(gone).rejects.toMatchObject({ fault: 'lost', message: 'the worker died' });
    }
    expect(events).toEqual(['a starts', 'a told']);
  });

  test('leaves no listener on a signal that outlives the job', async () => {
    const queue = makeQueue();
    const cancel = new AbortController();
    expect(await queue.run(() => Promise.resolve('done'), cancel.signal)).toBe('done');
    cancel.abort();
    expect(await queue.run(() => Promise.resolve('again'), never)).toBe('again');
  });
});
