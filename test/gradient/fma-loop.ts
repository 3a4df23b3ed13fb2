/**
 * A WebAssembly loop of multiplications and additions that stay in registers: the most that a core can do there, to
 * measure matrix products against.
 */

const ACCUMULATORS = 12;
const V128 = 0x7b;

/** Null where the browser lacks the instructions. `operations` of floating point are done a round. */
export async function fmaLoop(
  relaxed: boolean,
): Promise<{ run(rounds: number): number; operations: number } | null> {
  const bytes = moduleOf(relaxed);
  if (!WebAssembly.validate(bytes)) return null;
  const { instance } = await WebAssembly.instantiate(bytes);
  const loop = instance.exports['loop'];
  if (typeof loop !== 'function') throw new Error('The module exports no loop.');
  return { run: (rounds) => Number(loop(rounds)), operations: ACCUMULATORS * 4 * 2 };
}

function moduleOf(relaxed: boolean): Uint8Array<ArrayBuffer> {
  const [rounds, x, y, first] = [0, 1, 2, 3];
  const get = (local: number) => [0x20, local];
  const set = (local: number) => [0x21, local];
  const splat = (value: number) => [0x43, ...new Uint8Array(Float32Array.of(value).buffer), 0xfd, 0x13];
  const multiply = [0xfd, 0xe6, 0x01];
  const add = [0xfd, 0xe4, 0x01];
  const fused = [0xfd, 0x85, 0x02];
  const all = Array.from({ length: ACCUMULATORS }, (_, i) => first + i);
  const step = all.flatMap((accumulator) =>
    relaxed
      ? [...get(accumulator), ...get(x), ...get(y), ...fused, ...set(accumulator)]
      : [...get(accumulator), ...get(x), ...multiply, ...get(y), ...add, ...set(accumulator)],
  );
  const body = [
    // Locals: 2 constants and the accumulators.
    ...[1, 2 + ACCUMULATORS, V128],
    ...[...splat(0.999), ...set(x), ...splat(0.001), ...set(y)],
    ...all.flatMap((accumulator) => [...splat(accumulator), ...set(accumulator)]),
    ...[0x03, 0x40, ...step],
    // rounds -= 1, again while it is not 0.
    ...[...get(rounds), 0x41, 1, 0x6b, 0x22, rounds, 0x0d, 0, 0x0b],
    // The result keeps the loop from being left out.
    ...get(first),
    ...all.slice(1).flatMap((accumulator) => [...get(accumulator), ...add]),
    ...[0xfd, 0x1f, 0, 0x0b],
  ];
  const section = (id: number, content: readonly number[]) => [id, ...unsigned(content.length), ...content];
  const name = [...new TextEncoder().encode('loop')];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 1, 0x7f, 1, 0x7d]),
    ...section(3, [1, 0]),
    ...section(7, [1, name.length, ...name, 0, 0]),
    ...section(10, [1, ...unsigned(body.length), ...body]),
  ]);
}

/** LEB128. */
function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >> 7)];
}
