import * as v from 'valibot';

/** What the page asks of the embedding worker. `base` is the absolute address under which model files lie. */
export type Request =
  { id: number; kind: 'load'; base: string } | { id: number; kind: 'embed'; texts: readonly string[] };

/** What the worker answers: one `done` or `failed` a request, `progress` while it loads. */
export const Response = v.variant('kind', [
  v.object({
    id: v.number(),
    kind: v.literal('progress'),
    loaded: v.number(),
    total: v.nullable(v.number()),
    file: v.string(),
  }),
  v.object({ id: v.number(), kind: v.literal('done'), vectors: v.array(v.instance(Float32Array)) }),
  v.object({
    id: v.number(),
    kind: v.literal('failed'),
    message: v.string(),
    /** A file is not the one that was expected. */
    refused: v.exactOptional(v.object({ advice: v.string() })),
  }),
]);
export type Response = v.InferOutput<typeof Response>;
