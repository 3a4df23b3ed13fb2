/** A small GGUF file built by hand from the format's description, independent of the code under test. */

export interface HandTensor {
  name: string;
  dims: number[];
  type: number;
  data: Buffer;
}

export const u32 = (value: number) => {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
};

export const u64 = (value: number) => {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt(value));
  return buffer;
};

export const text = (value: string) => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);

/** Values of several kinds, an array of strings among them, around general.file_type = 3 (mostly Q4_1). */
export const METADATA = [
  Buffer.concat([text('general.architecture'), u32(8), text('llama')]),
  Buffer.concat([text('words'), u32(9), u32(8), u64(2), text('one'), text('größer')]),
  Buffer.concat([text('general.file_type'), u32(4), u32(3)]),
  Buffer.concat([text('kinds'), u32(9), u32(5), u64(3), u32(1), u32(2), u32(3)]),
  Buffer.concat([text('flag'), u32(7), Buffer.from([1])]),
];

export function ggufFile(tensors: HandTensor[], alignment = 32): Buffer {
  const pad = (length: number) => Buffer.alloc((alignment - (length % alignment)) % alignment);
  const metadata = [...METADATA, Buffer.concat([text('general.alignment'), u32(4), u32(alignment)])];
  const records: Buffer[] = [];
  const data: Buffer[] = [];
  let offset = 0;
  for (const tensor of tensors) {
    records.push(text(tensor.name), u32(tensor.dims.length), ...tensor.dims.map(u64));
    records.push(u32(tensor.type), u64(offset));
    const block = Buffer.concat([tensor.data, pad(tensor.data.length)]);
    data.push(block);
    offset += block.length;
  }
  const head = Buffer.concat([
    Buffer.from('GGUF'),
    u32(3),
    u64(tensors.length),
    u64(metadata.length),
    ...metadata,
    ...records,
  ]);
  return Buffer.concat([head, pad(head.length), ...data]);
}
