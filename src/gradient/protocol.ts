import * as v from 'valibot';
import type { TuneAsk, TuneResult } from '../core/tuner.ts';

/** `auto` takes a real GPU where there is one. */
export type Device = 'auto' | 'wasm' | 'webgpu';

/** What the page asks of the worker with the model. `stop` ends the ask of that id between two packs of examples. */
export type Request =
  | { id: number; kind: 'load'; file: Blob; device: Device }
  | { id: number; kind: 'tune'; ask: TuneAsk }
  | { id: number; kind: 'stop' };

const faults = ['aborted', 'context', 'refused', 'lost', 'memory', 'unavailable', 'integrity'] as const;

/** Their memory may be shared. */
const numbers = v.custom<Float32Array>((value) => value instanceof Float32Array);
const prompt = v.object({ tokens: v.number(), width: v.number(), values: numbers });
const result = v.variant('did', [
  v.object({ did: v.picklist(['embed', 'draw']), prompt, text: v.string() }),
  v.object({
    did: v.literal('steps'),
    prompt,
    moments: v.object({ first: numbers, second: numbers, count: v.number() }),
    losses: v.array(v.number()),
    failed: v.nullable(v.string()),
  }),
  v.object({ did: v.literal('measure'), losses: v.array(v.number()), chosen: v.array(v.number()) }),
  v.object({
    did: v.literal('project'),
    text: v.string(),
    nearest: v.array(v.array(v.object({ text: v.string(), similarity: v.number() }))),
  }),
]);

/** What the worker answers: one `loaded`, `done` or `failed` a request, `progress` while it loads. */
export const Response = v.variant('kind', [
  v.object({ id: v.number(), kind: v.literal('progress'), share: v.number() }),
  v.object({ id: v.number(), kind: v.literal('loaded'), details: v.array(v.string()) }),
  v.object({ id: v.number(), kind: v.literal('done'), result }),
  v.object({
    id: v.number(),
    kind: v.literal('failed'),
    fault: v.picklist(faults),
    message: v.string(),
    advice: v.string(),
  }),
  /** The device is gone, and the model with it. */
  v.object({ id: v.literal(-1), kind: v.literal('gone'), message: v.string() }),
]);
export type Response = v.InferOutput<typeof Response>;

/** The check above lets through what the contract says, and nothing else. */
export const _same: (checked: v.InferOutput<typeof result>) => TuneResult = (checked) => checked;
