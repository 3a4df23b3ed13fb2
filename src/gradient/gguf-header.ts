import { EngineError } from '../core/model.ts';

/** A value of the file's metadata; 64-bit integers are numbers here, so they must be below 2^53. */
export type MetadataValue = number | boolean | string | MetadataValue[];

/** One tensor as the file describes it. */
export interface TensorRecord {
  name: string;
  /** Innermost first, as in the file: a matrix of r rows of c numbers has [c, r]. */
  dims: readonly number[];
  /** GGML's number of the block format. */
  type: number;
  /** Bytes from the beginning of the file. */
  start: number;
}

/** What stands before the weights. */
export interface GgufHeader {
  metadata: ReadonlyMap<string, MetadataValue>;
  tensors: ReadonlyMap<string, TensorRecord>;
}

/** A vocabulary of 128,000 tokens with its merges needs about 8 MiB; a header past the limit is no sane one. */
const FIRST_LOOK = 4 << 20;
const HEADER_LIMIT = 128 << 20;

const MAGIC = 0x46554747; // "GGUF", little-endian
const DEFAULT_ALIGNMENT = 32;
const STRING = 8;
const ARRAY = 9;

/** Arrays may hold arrays; no known file nests them deeper than one. */
const DEEPEST = 4;

/** The bytes at hand end before the header does. */
class NeedMore extends Error {}

/**
 * Reads what stands before the weights, in a growing window from the file's beginning. Throws EngineError `integrity`
 * where the file is no GGUF of version 2 or 3, is cut short or is broken.
 */
export async function readHeader(file: Blob): Promise<GgufHeader> {
  for (let window = FIRST_LOOK; ; window *= 4) {
    const bytes = await file.slice(0, window).arrayBuffer();
    try {
      return parse(new DataView(bytes));
    } catch (error) {
      if (!(error instanceof NeedMore)) throw error;
      if (bytes.byteLength === file.size) throw broken(`it ends inside its header, after ${file.size} bytes`);
      if (window >= HEADER_LIMIT) throw broken(`its header is longer than ${HEADER_LIMIT} bytes`);
    }
  }
}

function parse(view: DataView<ArrayBuffer>): GgufHeader {
  const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
  let at = 0;
  const take = (bytes: number) => {
    if (bytes > view.byteLength - at) throw new NeedMore();
    at += bytes;
    return at - bytes;
  };
  const u32 = () => view.getUint32(take(4), true);
  const wide = (value: bigint) => {
    const number = Number(value);
    if (!Number.isSafeInteger(number)) throw broken(`it holds the number ${value}, which is too large`);
    return number;
  };
  const u64 = () => wide(view.getBigUint64(take(8), true));
  const string = () => {
    const length = u64();
    return utf8.decode(new Uint8Array(view.buffer, take(length), length));
  };
  const value = (type: number, depth: number): MetadataValue => {
    switch (type) {
      case 0:
        return view.getUint8(take(1));
      case 1:
        return view.getInt8(take(1));
      case 2:
        return view.getUint16(take(2), true);
      case 3:
        return view.getInt16(take(2), true);
      case 4:
        return u32();
      case 5:
        return view.getInt32(take(4), true);
      case 6:
        return view.getFloat32(take(4), true);
      case 7:
        return view.getUint8(take(1)) !== 0;
      case STRING:
        return string();
      case ARRAY: {
        if (depth === DEEPEST) throw broken(`its metadata nests arrays deeper than ${DEEPEST}`);
        const inner = u32();
        const length = u64();
        // Every value takes at least a byte, so a broken length is found before it fills the memory.
        if (length > view.byteLength - at) throw new NeedMore();
        return Array.from({ length }, () => value(inner, depth + 1));
      }
      case 10:
        return u64();
      case 11:
        return wide(view.getBigInt64(take(8), true));
      case 12:
        return view.getFloat64(take(8), true);
      default:
        throw broken(`it has a metadata value of unknown type ${type}`);
    }
  };

  if (u32() !== MAGIC) throw broken('it does not begin with "GGUF"');
  const version = u32();
  if (version !== 2 && version !== 3) throw broken(`its format version is ${version}; 2 and 3 are known`);
  const tensorCount = u64();
  const pairs = u64();

  const metadata = new Map<string, MetadataValue>();
  for (let i = 0; i < pairs; i++) {
    const key = string();
    metadata.set(key, value(u32(), 0));
  }
  const alignment = metadata.get('general.alignment') ?? DEFAULT_ALIGNMENT;
  if (typeof alignment !== 'number' || alignment < 1)
    throw broken(`it names an alignment of ${String(alignment)}`);

  const records: TensorRecord[] = [];
  for (let i = 0; i < tensorCount; i++) {
    const name = string();
    const rank = u32();
    if (rank > 4) throw broken(`its tensor ${name} has ${rank} dimensions`);
    const dims = Array.from({ length: rank }, u64);
    records.push({ name, dims, type: u32(), start: u64() });
  }
  const data = Math.ceil(at / alignment) * alignment;
  const tensors = new Map(
    records.map((record) => [record.name, { ...record, start: data + record.start }] as const),
  );
  return { metadata, tensors };
}

/** The error of a file that is not what it should be. */
export function broken(why: string): EngineError {
  return new EngineError(
    'integrity',
    `The model file cannot be read as GGUF: ${why}.`,
    'Download the model again, or choose another file.',
  );
}
