import { type MLCEngine, type ModelRecord, prebuiltAppConfig } from '@mlc-ai/web-llm';
import * as v from 'valibot';
import type { Message } from '../../src/core/model.ts';
import type { WebllmSpec } from '../../src/engines/webllm.ts';

/** web-llm's own record of a model. */
export function modelRecord(spec: WebllmSpec): ModelRecord {
  if (spec.kind === 'custom') {
    const { name, quantization, weightsUrl, libraryUrl } = spec;
    return { model: weightsUrl, model_id: `${name}-${quantization}`, model_lib: libraryUrl };
  }
  const record = prebuiltAppConfig.model_list.find((known) => known.model_id === spec.modelId);
  if (!record) throw new Error(`web-llm has no model ${spec.modelId}.`);
  return record;
}

/**
 * The token ids that web-llm itself makes of a chat on its way to the model: a real request is made, and ended when its
 * input is ready.
 */
export async function idsOfWebllm(
  engine: MLCEngine,
  modelId: string,
  messages: readonly Message[],
): Promise<number[]> {
  const pipelines = v.parse(v.instance(Map), Reflect.get(engine, 'loadedModelIdToPipeline'));
  const pipeline: object = Object(pipelines.get(modelId));
  const ready = new Error('The input is ready.');
  let seen: unknown = null;
  const getInputData = v.parse(v.function(), Reflect.get(pipeline, 'getInputData'));
  Reflect.set(pipeline, 'getInputData', async (...values: unknown[]) => {
    seen = await Reflect.apply(getInputData, pipeline, values);
    throw ready;
  });
  try {
    await engine.resetChat();
    await engine.chat.completions.create({ messages: [...messages], max_tokens: 1 });
  } catch (error) {
    if (error !== ready) throw error;
  } finally {
    Reflect.set(pipeline, 'getInputData', getInputData);
  }
  const [pieces] = v.parse(v.tupleWithRest([v.array(v.array(v.number()))], v.unknown()), seen);
  return pieces.flat();
}
