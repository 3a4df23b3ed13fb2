import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { packed, unpacked } from '../../src/app/kept-events.ts';
import type { RunEvent } from '../../src/core/events.ts';

const note = (text: string, step = 1): RunEvent => ({ type: 'note', step, text });

async function file(events: readonly RunEvent[]): Promise<Blob> {
  return (await packed(events)) ?? expect.fail('it was not packed');
}
const kept = async (events: readonly RunEvent[]) => unpacked((await file(events)).stream());

describe('events as a file', () => {
  test.each([0, 1, 999, 1000, 1001, 2500])('%i of them are read as they were', async (count) => {
    const events = Array.from({ length: count }, (_, i) => note(`the ${i}th`, i));
    expect(await kept(events)).toStrictEqual(events);
  });

  test('any text is read as it was, wherever the pieces of the file end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'binary', maxLength: 40 }), { maxLength: 50 }),
        fc.integer({ min: 1, max: 40 }),
        async (texts, piece) => {
          const events = texts.map((text) => note(`${text}\n"\\\u2028🙂`));
          const bytes = new Uint8Array(await (await file(events)).arrayBuffer());
          const pieces = new ReadableStream<Uint8Array<ArrayBuffer>>({
            start(controller) {
              for (let at = 0; at < bytes.length; at += piece)
                controller.enqueue(bytes.slice(at, at + piece));
              controller.close();
            },
          });
          expect(await unpacked(pieces)).toStrictEqual(events);
        },
      ),
    );
  });

  test('that is cut short or changed is refused', async () => {
    const events = Array.from({ length: 30 }, (_, i) => note(`Judge the item, way ${(i * 7919) % 1000}.`));
    const whole = new Uint8Array(await (await file(events)).arrayBuffer());
    await fc.assert(
      fc.asyncProperty(
        // The header of gzip says when and where a file was packed, which nobody reads.
        fc.integer({ min: 10, max: whole.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        async (at, change, cut) => {
          const bytes = cut ? whole.slice(0, at) : whole.slice();
          if (!cut) bytes[at] = (bytes[at] ?? 0) ^ change;
          await expect(unpacked(new Blob([bytes]).stream())).rejects.toThrow();
        },
      ),
    );
  });

  test.each([NaN, Infinity, -Infinity, -0])(
    'none is made where %d would come back as another number',
    async (odd) => {
      expect(await packed([note('a'), { type: 'best', step: 1, candidate: 'c1', score: odd }])).toBeNull();
    },
  );

  test('that holds something else is refused', async () => {
    const text = new Blob(['[{"type":"note"},5]\n']);
    await expect(unpacked(text.stream().pipeThrough(new CompressionStream('gzip')))).rejects.toThrow();
  });
});
