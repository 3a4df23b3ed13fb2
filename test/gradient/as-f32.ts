import { permuted } from '../../src/gradient/blocks.ts';
import { readHeader } from '../../src/gradient/gguf-header.ts';
import { readGguf } from '../../src/gradient/gguf.ts';

const ALIGNMENT = 32;
const F32 = 0;

/** A model file with the same numbers, each unpacked to 32 bits: what is computed from it is rounded nowhere else. */
export async function asF32(file: Blob): Promise<Blob> {
  const model = await readGguf(file);
  const { tensors } = await readHeader(file);
  const { heads, kvHeads, width } = model.shape;
  const names = [...tensors.keys()];
  const dataStart = Math.min(...[...tensors.values()].map(({ start }) => start));
  const head = new Uint8Array(await file.slice(0, dataStart).arrayBuffer());

  const records: Uint8Array<ArrayBuffer>[] = [];
  const data: BlobPart[] = [];
  let offset = 0;
  for (const name of names) {
    const dims = tensors.get(name)?.dims ?? [];
    records.push(recordOf(name, dims, offset));
    const values = await model.tensor(name);
    const rotated = /attn_([qk])\.weight$/.exec(name)?.[1];
    // As the file has them: `tensor` gives the published order.
    const own = rotated ? permuted(values, rotated === 'q' ? heads : kvHeads, width) : values;
    const fill = (ALIGNMENT - (own.byteLength % ALIGNMENT)) % ALIGNMENT;
    // A blob of its own leaves memory for the next.
    data.push(new Blob([own, new Uint8Array(fill)]));
    offset += own.byteLength + fill;
  }
  // The records begin where the first tensor's name stands with its length before it.
  const [first = ''] = names;
  const kept = head.slice(0, find(head, named(first)));
  const length = kept.length + records.reduce((sum, record) => sum + record.length, 0);
  const fill = (ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT;
  return new Blob([kept, ...records, new Uint8Array(fill), ...data]);
}

function named(name: string): Uint8Array {
  const letters = new TextEncoder().encode(name);
  const bytes = new Uint8Array(8 + letters.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(letters.length), true);
  bytes.set(letters, 8);
  return bytes;
}

function recordOf(name: string, dims: readonly number[], offset: number): Uint8Array<ArrayBuffer> {
  const start = named(name);
  const bytes = new Uint8Array(start.length + 4 + 8 * dims.length + 4 + 8);
  bytes.set(start);
  const view = new DataView(bytes.buffer, start.length);
  view.setUint32(0, dims.length, true);
  dims.forEach((dim, i) => view.setBigUint64(4 + 8 * i, BigInt(dim), true));
  view.setUint32(4 + 8 * dims.length, F32, true);
  view.setBigUint64(8 + 8 * dims.length, BigInt(offset), true);
  return bytes;
}

function find(bytes: Uint8Array, wanted: Uint8Array): number {
  for (let at = bytes.length - wanted.length; at >= 0; at--) {
    if (wanted.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  throw new Error('The first tensor is not named in the header.');
}
