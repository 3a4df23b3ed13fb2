import { MLCEngine, type ModelRecord, prebuiltAppConfig } from '@mlc-ai/web-llm';
import { version } from '@mlc-ai/web-llm/package.json';
import { EngineError } from '../core/model.ts';
import { askFault, Cancelled, describe, loadFault } from './webllm-faults.ts';
import { buildOf, fetchModel } from './webllm-fetch.ts';
import { quantizationOf, tokenizerJson } from './webllm-files.ts';
import { ownRunner, type Runner } from './webllm-own.ts';
import { Inside, MissingMember } from './webllm-private.ts';
import type { Facts, FromWorker, LoadOrder, Source, ToWorker } from './webllm-protocol.ts';
import { publicRunner } from './webllm-public.ts';
import { testDevice } from './webllm-selftest.ts';
import { specialTokens } from './webllm-tokens.ts';

/**
 * Owns one web-llm engine with one model for as long as its device lives. The page sends one order at a time; a device
 * that is lost is reported once and this worker is of no further use.
 */

const send = (message: FromWorker) => postMessage(message);

/** Some twenty ordinary tokens for the self-test. */
const TEST_TEXT =
  'The old clock in the hall struck nine while the rain went on and on, and nobody at the long table said a word about the letter.';
const TEST_TOKENS = 20;

let device: GPUDevice | null = null;
let adapter = '';
let runner: Runner | null = null;
let cancelled = false;

watchDevices();

onmessage = (event: MessageEvent<ToWorker>) => void obey(event.data);

async function obey(order: ToWorker): Promise<void> {
  switch (order.kind) {
    case 'load':
      return answer(async () => ({ kind: 'loaded', facts: await load(order.order) }), loadFault);
    case 'generate':
      return answer(
        async () => ({
          kind: 'reply',
          reply: await ready().generate(order.ask, step, order.listened ? tell : null),
        }),
        askFault,
      );
    case 'choose':
      return answer(
        async () => ({ kind: 'choice', choice: await ready().choose(order.ask, order.options, step) }),
        askFault,
      );
    case 'cancel':
      cancelled = true;
      return;
    case 'lose':
      device?.destroy();
      return;
  }
}

/** A fault of null means that this engine can no longer be trusted. */
async function answer(
  work: () => Promise<FromWorker>,
  faultOf: (error: unknown) => ReturnType<typeof askFault>,
): Promise<void> {
  cancelled = false;
  try {
    send(await work());
  } catch (error) {
    const fault = faultOf(error);
    send(fault ? { kind: 'failed', error: fault } : { kind: 'lost', why: describe(error) });
  }
}

function step(): void {
  if (cancelled) throw new Cancelled();
  send({ kind: 'alive' });
}

function tell(text: string): void {
  send({ kind: 'text', text });
}

function ready(): Runner {
  if (!runner) throw new EngineError('unavailable', 'No model is loaded.', 'Load one first.');
  return runner;
}

function recordOf(source: Source): ModelRecord {
  if (source.kind === 'custom') {
    const library = source.sha256['model.wasm'];
    return {
      model: source.weightsUrl,
      model_id: source.modelId,
      model_lib: source.libraryUrl,
      ...(library && { integrity: { model_lib: integrityOf(library) } }),
    };
  }
  const record = prebuiltAppConfig.model_list.find((known) => known.model_id === source.modelId);
  if (record) return record;
  throw new EngineError(
    'unavailable',
    `WebLLM has no model called ${source.modelId}.`,
    'Choose another model: this one is not in the list of this version.',
  );
}

/** Hexadecimal SHA-256 in the form that web-llm takes. */
function integrityOf(sha256: string): string {
  const bytes = (sha256.match(/../g) ?? []).map((pair) => String.fromCharCode(parseInt(pair, 16)));
  return `sha256-${btoa(bytes.join(''))}`;
}

async function load(order: LoadOrder): Promise<Facts> {
  await requireGpu(order.needsF16);
  const record = recordOf(order.source);
  const hashes = order.source.kind === 'custom' ? order.source.sha256 : {};
  // Ended with the worker when the page no longer wants it: whole files stay in the cache.
  const endless = new AbortController().signal;
  await fetchModel(record, hashes, (progress) => send({ kind: 'progress', progress }), endless);
  // The name may not say it; the model's own configuration does.
  const halves = order.needsF16 || (await quantizationOf(record)).includes('f16');
  if (halves) await requireGpu(true);

  const engine = new MLCEngine({
    appConfig: { model_list: [record], cacheBackend: 'cache' },
    logLevel: 'ERROR',
    initProgressCallback: ({ text }) => {
      send({ kind: 'progress', progress: { loaded: 0, total: null, doing: plainly(text) } });
    },
  });
  const { contextTokens } = order;
  const files = await buildOf(record, hashes['model.wasm']).catch(() => null);
  await engine.reload(
    record.model_id,
    contextTokens === null ? undefined : { context_window_size: contextTokens },
  );

  /** What else shapes a reply: who computes it, which way, and in how much context. */
  const whole = (path: string) =>
    files &&
    [files, `web-llm ${version}`, path, adapter, String(contextTokens), String(order.emptyThinking)].join(
      ' ',
    );
  if (order.path === 'public')
    return open(publicRunner(engine), await contextOf(engine, record, order), [], whole('public'));
  try {
    const inside = new Inside(engine, record.model_id);
    send({ kind: 'progress', progress: { loaded: 0, total: null, doing: 'Testing the device' } });
    // Half-precision kernels round more (how much was not measured); the defect this looks for changes logits by tens.
    const tolerance = halves ? 0.5 : 0.01;
    const ids = inside.encode(TEST_TEXT).slice(0, TEST_TOKENS);
    const { reuse, speeds, words } = await testDevice(inside, ids, tolerance);
    const described = await tokenizerJson(record);
    const specials = described === null ? [] : specialTokens(described);
    const settings = { reuse: order.reuse ?? reuse, speeds, specials, emptyThinking: order.emptyThinking };
    const notes = [words];
    if (order.reuse) notes.push(`Use of the cache set by hand: ${order.reuse}.`);
    if (described === null)
      notes.push('Special tokens spelled out in a prompt are not made inert for this model.');
    return open(ownRunner(inside, settings), inside.contextTokens, notes, whole(`own ${settings.reuse}`));
  } catch (error) {
    if (!(error instanceof MissingMember)) throw error;
    const note = `This version of WebLLM hides ${error.message}: every prompt is read in full and options cannot be scored.`;
    return open(publicRunner(engine), await contextOf(engine, record, order), [note], whole('public'));
  }
}

function open(opened: Runner, contextTokens: number, notes: string[], build: string | null): Facts {
  runner = opened;
  return { contextTokens, details: [`WebGPU on ${adapter}`, ...notes], build };
}

/** Only the model's configuration says it where web-llm's inside is closed; also proves that a model is loaded. */
async function contextOf(engine: MLCEngine, record: ModelRecord, order: LoadOrder): Promise<number> {
  await engine.runtimeStatsText(record.model_id); // an aborted reload resolves as if it had loaded
  return order.contextTokens ?? record.overrides?.context_window_size ?? 4096;
}

async function requireGpu(needsF16: boolean): Promise<void> {
  const gpu = 'gpu' in navigator ? navigator.gpu : null;
  const found = await gpu?.requestAdapter({ powerPreference: 'high-performance' });
  if (!found) {
    throw new EngineError(
      'unavailable',
      gpu ? 'This browser has WebGPU but found no graphics device for it.' : 'This browser has no WebGPU.',
      'Use a current Chrome, Edge, Firefox or Safari with hardware acceleration on, or a model that runs on the processor (wllama).',
    );
  }
  if (needsF16 && !found.features.has('shader-f16')) {
    throw new EngineError(
      'unavailable',
      'This model computes with half-precision floats, which this graphics device does not offer.',
      'Choose the q4f32 or q0f32 variant of the model.',
    );
  }
  const { vendor, architecture, device: name, description } = found.info;
  adapter =
    [...new Set([vendor, architecture, name, description].filter(Boolean))].join(' ') || 'an unnamed device';
}

/** web-llm tells nobody when its device is lost, so each device is watched from its creation. */
function watchDevices(): void {
  if (!('GPUAdapter' in globalThis)) return;
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (this: GPUAdapter, descriptor?: GPUDeviceDescriptor) {
    const created = await requestDevice.call(this, descriptor);
    device = created;
    void created.lost.then(({ reason, message }) => {
      send({
        kind: 'lost',
        why: message.trim() || `the device was ${reason === 'destroyed' ? 'destroyed' : 'lost'}`,
      });
    });
    return created;
  };
}

/** web-llm's own progress texts, shorter. */
function plainly(text: string): string {
  if (/shader/i.test(text))
    return text.replace(/^Loading GPU shader modules */, 'Compiling GPU programs ').split(':')[0] ?? '';
  if (/from cache/i.test(text)) return 'Loading the model onto the GPU';
  if (/Finish loading/i.test(text)) return 'Loaded';
  return 'Preparing the model';
}
