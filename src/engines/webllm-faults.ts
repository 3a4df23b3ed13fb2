import { EngineError, type EngineFault } from '../core/model.ts';

/** An EngineError as it crosses from the worker to the page. */
export interface FaultMessage {
  fault: EngineFault;
  message: string;
  advice: string;
}

/** The device or the worker is gone; whatever was asked can be asked again of a new one. */
export class Lost extends Error {
  override readonly name = 'Lost';
}

/** An ask stopped between two steps because its caller no longer wants it. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled';
}

const SMALLER = 'Choose a smaller model, or close other tabs and programs that use the graphics memory.';
const NO_WEBGPU =
  'Use a current Chrome, Edge, Firefox or Safari with hardware acceleration on, or a model that runs on the processor (wllama).';

/** Causes by what web-llm and the browser say; the first that matches. Error classes are told apart by name only. */
const CAUSES: [RegExp, EngineFault, string][] = [
  [
    /ContextWindowSizeExceeded/,
    'context',
    'Shorten the prompt, use fewer examples in it, or choose a model with a longer context.',
  ],
  [/GrammarMatcherInit|[Gg]rammar/, 'refused', 'Check the grammar that the task asks for.'],
  [/ShaderF16Support|FeatureSupport/, 'unavailable', 'Choose the q4f32 or q0f32 variant of the model.'],
  [/WebGPUNot|compatible GPU|navigator\.gpu/, 'unavailable', NO_WEBGPU],
  [
    /exceeds limit/,
    'unavailable',
    'This graphics device is too limited for WebLLM: choose a model that runs on the processor (wllama).',
  ],
  [
    /IntegrityError/,
    'integrity',
    'Delete the model and download it again. If it happens again, the source is not to be trusted.',
  ],
  [/DeviceLost|[Oo]ut of memory|[Mm]emory allocation|Array buffer allocation/, 'memory', SMALLER],
  [
    /QuotaExceeded/,
    'unavailable',
    'The browser has no room left for the model: free disk space or delete other models.',
  ],
  [/ModelNotFound/, 'unavailable', 'Choose another model: this one is not in the list of this version.'],
  [
    /Failed to fetch|NetworkError|Load failed|Cache.*add|Request failed|HTTP \d|Cannot fetch/,
    'unavailable',
    'Check the connection and the address of the model, then load it again: finished files are kept.',
  ],
];

/** What went wrong while a model was loading. */
export function loadFault(error: unknown): FaultMessage {
  const message = describe(error);
  if (error instanceof EngineError)
    return { fault: error.fault, message: error.message, advice: error.advice };
  for (const [pattern, fault, advice] of CAUSES) {
    if (pattern.test(message)) return { fault, message: `The model could not be loaded: ${message}`, advice };
  }
  return {
    fault: 'unavailable',
    message: `The model could not be loaded: ${message}`,
    advice: 'Load it again; if that fails too, choose another model.',
  };
}

/**
 * What went wrong in an ask; null when the engine itself can no longer be trusted (a lost device, a disposed object, an
 * unmapped buffer, anything unknown from inside the runtime), so that it must be started anew.
 */
export function askFault(error: unknown): FaultMessage | null {
  if (error instanceof Cancelled) return { fault: 'aborted', message: 'The ask was cancelled.', advice: '' };
  if (error instanceof EngineError)
    return { fault: error.fault, message: error.message, advice: error.advice };
  const message = describe(error);
  for (const [pattern, fault, advice] of CAUSES.slice(0, 2)) {
    if (pattern.test(message)) return { fault, message, advice };
  }
  return null;
}

/** `Name: message`, whatever was thrown. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message.startsWith(error.name) ? error.message : `${error.name}: ${error.message}`;
}

/** After several losses in a row. */
export function lostForGood(times: number, why: string): EngineError {
  return new EngineError(
    'lost',
    `The graphics device was lost ${times} times in a row and the model could not be kept running (${why}).`,
    'Close other tabs and programs that use the graphics memory, then continue: the run goes on where it stopped. If it happens again, start a run with a smaller model.',
  );
}
