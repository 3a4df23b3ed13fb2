import type { MLCEngine } from '@mlc-ai/web-llm';
import * as v from 'valibot';
import { EngineError } from '../core/model.ts';
import type { Device } from './webllm-selftest.ts';
import { type ChatTemplate, parseTemplate } from './webllm-template.ts';
import type { TokenMask } from './webllm-sample.ts';

/** web-llm has changed inside: the adapter falls back to its public way of asking. */
export class MissingMember extends Error {
  override readonly name = 'MissingMember';
}

/** Steers one reply by a grammar. */
export interface Matcher {
  mask(): Promise<TokenMask>;
  accept(token: number): void;
}

/**
 * The one door to web-llm's inner members (0.2.86). All are looked up and checked when it opens, so that a changed
 * package is noticed at load and never in the middle of a run. Nothing here is locked: one caller at a time.
 */
export class Inside implements Device {
  readonly contextTokens: number;
  /** The longest prefill in one piece, fixed in the model library. */
  readonly maxPiece: number;
  readonly canRollBack: boolean;
  readonly template: ChatTemplate;
  readonly #pipeline: object;
  readonly #encode: Method;
  readonly #decode: Method;
  readonly #beginScope: Method;
  readonly #endScope: Method;
  readonly #rollBack: (n: number) => void;
  readonly #forward: Method;
  readonly #toProcessor: Method;
  readonly #sync: Method;
  readonly #reset: Method;
  readonly #compileGrammar: Method;

  /** Throws MissingMember, or v.ValiError when the model's chat template is unusable. */
  constructor(engine: MLCEngine, modelId: string) {
    const pipelines: unknown = Reflect.get(engine, 'loadedModelIdToPipeline');
    if (!(pipelines instanceof Map)) throw new MissingMember('loadedModelIdToPipeline');
    const pipeline: unknown = pipelines.get(modelId);
    if (!isObject(pipeline)) throw new MissingMember(`pipeline of ${modelId}`);
    this.#pipeline = pipeline;

    const window = numberIn(pipeline, 'contextWindowSize');
    const sliding = numberIn(pipeline, 'slidingWindowSize');
    numberIn(pipeline, 'filledKVCacheLength');
    this.contextTokens = sliding > 0 ? sliding : window;
    this.maxPiece = numberIn(pipeline, 'prefillChunkSize');
    const cache: unknown = Reflect.get(pipeline, 'kvCache');
    this.canRollBack = isObject(cache) && sliding <= 0 && Reflect.get(pipeline, 'kvStateKind') === 'kv_cache';

    const tokenizer = objectIn(pipeline, 'tokenizer');
    this.#encode = methodIn(tokenizer, 'encode');
    this.#decode = methodIn(tokenizer, 'decode');
    this.#forward = methodIn(pipeline, 'forwardKnownTokens');
    this.#toProcessor = methodIn(pipeline, 'updateLogitsOnCPU');
    this.#sync = methodIn(pipeline, 'sync');
    this.#reset = methodIn(pipeline, 'resetChat');
    this.#compileGrammar = methodIn(pipeline, 'prepareGrammarMatcherForSampling');
    const conversation = methodIn(pipeline, 'getConversationObject')();
    if (!isObject(conversation)) throw new MissingMember('conversation');
    this.template = parseTemplate(Reflect.get(conversation, 'config'));

    const tvm = objectIn(pipeline, 'tvm');
    this.#beginScope = methodIn(tvm, 'beginScope');
    this.#endScope = methodIn(tvm, 'endScope');
    const scalar = methodIn(tvm, 'scalar');
    const detach = methodIn(tvm, 'detachFromCurrentScope');
    const global = methodIn(tvm, 'getGlobalFunc');
    const popn = this.#scoped(() => detach(global('vm.builtin.kv_state_popn')));
    if (typeof popn !== 'function') throw new MissingMember('kv_state_popn');
    this.#rollBack = (n) => {
      // A plain number would be passed as a float: these arguments need their integer types.
      this.#scoped(() => Reflect.apply(popn, undefined, [cache, scalar(0, 'int64'), scalar(n, 'int32')]));
    };
  }

  /** Half a surrogate pair, which the tokenizer cannot read, becomes U+FFFD. */
  encode(text: string): number[] {
    return [...v.parse(v.instance(Int32Array), this.#encode(text.toWellFormed()))];
  }

  decode(ids: readonly number[]): string {
    return v.parse(v.string(), this.#decode(new Int32Array(ids)));
  }

  /** Tokens in the cache, by web-llm's own count. */
  get filled(): number {
    return numberIn(this.#pipeline, 'filledKVCacheLength');
  }

  reset(): void {
    this.#reset(true);
  }

  rollBack(n: number): void {
    this.#rollBack(n);
    // web-llm does not see the roll-back and would count on.
    if (!Reflect.set(this.#pipeline, 'filledKVCacheLength', this.filled - n))
      throw new MissingMember('filled length');
  }

  async forward(ids: readonly number[]): Promise<Float32Array> {
    const logits = await this.#compute(ids);
    try {
      const copy = this.#scoped(() => this.#toProcessor(logits));
      await this.#sync();
      if (!isObject(copy)) throw new MissingMember('logits on the processor');
      return v.parse(v.instance(Float32Array), methodIn(copy, 'toArray')());
    } finally {
      methodIn(logits, 'dispose')();
    }
  }

  /** As `forward` where the logits are of no interest. Resolves when the device is done. */
  async advance(ids: readonly number[]): Promise<void> {
    const logits = await this.#compute(ids);
    methodIn(logits, 'dispose')();
    await this.#sync();
  }

  /** Rejects with `refused` when the grammar cannot be compiled. The last grammar is kept compiled. */
  async matcher(grammar: string): Promise<Matcher> {
    try {
      await this.#compileGrammar({ response_format: { type: 'grammar', grammar } });
    } catch (error) {
      // The compiler ends with a bare `Aborted()`, and is ready for the next grammar.
      if (!(error instanceof Error) || error.name !== 'GrammarMatcherInitError') throw error;
      const start = grammar.length > 120 ? `${grammar.slice(0, 120)}…` : grammar;
      throw new EngineError(
        'refused',
        `WebLLM cannot compile this grammar: ${start}`,
        'Check it rule by rule.',
      );
    }
    const matcher = objectIn(this.#pipeline, 'grammarMatcher');
    const next = methodIn(matcher, 'getNextTokenBitmask');
    const accept = methodIn(matcher, 'acceptToken');
    return {
      mask: async () => v.parse(v.instance(Int32Array), await next()),
      accept: (token) => void accept(token),
    };
  }

  async #compute(ids: readonly number[]): Promise<object> {
    const logits = await this.#forward([...ids], true);
    if (!isObject(logits)) throw new MissingMember('logits');
    return logits;
  }

  #scoped<T>(work: () => T): T {
    this.#beginScope();
    try {
      return work();
    } finally {
      this.#endScope();
    }
  }
}

type Method = (...values: unknown[]) => unknown;

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

function objectIn(holder: object, name: string): object {
  const member: unknown = Reflect.get(holder, name);
  if (!isObject(member)) throw new MissingMember(name);
  return member;
}

function numberIn(holder: object, name: string): number {
  const member: unknown = Reflect.get(holder, name);
  if (typeof member !== 'number') throw new MissingMember(name);
  return member;
}

/** The method bound to its holder. */
function methodIn(holder: object, name: string): Method {
  const member: unknown = Reflect.get(holder, name);
  if (typeof member !== 'function') throw new MissingMember(name);
  return (...values) => {
    const result: unknown = Reflect.apply(member, holder, values);
    return result;
  };
}
