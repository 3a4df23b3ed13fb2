import { allowedAnswers } from '../core/allowed.ts';
import type { Optimizer } from '../core/optimizer.ts';
import { optionsOf, type RunConfig } from '../core/run-config.ts';
import type { MetaStyle, Rendering } from '../core/rendering.ts';
import type { Task } from '../core/task.ts';
import type { ModelChoice } from './types.ts';

/** Examples of a task tried when asking whether its answers come from a short list. */
const LOOKED_AT = 20;

/**
 * How a task is best put to a model. A small model is near chance when it chats and decodes freely, and good when it
 * continues a text and its allowed answers are compared by log-probability; a larger one is asked as people ask it.
 */
export function renderingFor(
  task: Task,
  model: Pick<ModelChoice, 'small' | 'runtime'>,
): { rendering: Rendering; why: string } {
  const examples = task.splits.validation.slice(0, LOOKED_AT);
  const listed =
    examples.length > 0 && examples.every((example) => allowedAnswers(task.metric, example.input) !== null);
  const base = { position: task.position, maxTokens: task.answerTokens };
  if (model.small && listed) {
    return {
      rendering: { ...base, style: 'completion', read: 'choose' },
      why: 'The target is a small model and the answers come from a short list: it continues a text, and the likeliest answer is read from its log-probabilities.',
    };
  }
  if (model.small) {
    return {
      rendering: { ...base, style: 'completion', read: 'decode' },
      why: 'The target is a small model: it continues a text up to the end of the answer, which it does better than it chats.',
    };
  }
  return {
    rendering: { ...base, style: 'chat', read: 'decode' },
    why: 'The target is asked in its chat format and its reply is read for the answer.',
  };
}

/** The rendering with the reply tokens that a method's prompts need, where replies are decoded; else as it is. */
export function withRoom(rendering: Rendering, method: Pick<Optimizer, 'replyTokens'>): Rendering {
  const room = method.replyTokens ?? 0;
  const longer = rendering.read === 'decode' && rendering.maxTokens < room;
  return longer ? { ...rendering, maxTokens: room } : rendering;
}

/** A small model never closes a tag but continues a scored list well. */
export function metaStyleFor(model: Pick<ModelChoice, 'small'>): { metaStyle: MetaStyle; why: string } {
  return model.small
    ? {
        metaStyle: 'continuation',
        why: 'The optimizer is a small model: it continues a list of scored prompts.',
      }
    : { metaStyle: 'chat', why: 'The optimizer is asked in chat and puts its prompt between tags.' };
}

/** Settings that end in minutes where one answer takes about a second; the method's own are the paper's. */
const MODEST = {
  options: {
    candidates: 4,
    steps: 8,
    batch: 8,
    epochs: 3,
    gradientSteps: 8,
    measureEvery: 4,
    validationExamples: 12,
  },
  budget: { minutes: 20 },
  limits: { validation: 48 },
};

const AMPLE = { options: {}, budget: { minutes: 120 }, limits: {} };

/**
 * A whole configuration with every default filled in, and the reasons for those that depend on the models. `gradient`
 * says what a method that follows gradients needs of this machine (gradient-fit.ts); empty for other methods.
 */
export function defaultConfig(
  task: Task,
  method: Optimizer,
  target: ModelChoice,
  optimizer: ModelChoice,
  ids: RunConfig['models'],
  gradient = '',
): { config: RunConfig; why: string[] } {
  const { rendering: usual, why: whyRendering } = renderingFor(task, target);
  const rendering = withRoom(usual, method);
  const { metaStyle, why: whyMeta } = metaStyleFor(optimizer);
  const slow = target.runtime === 'wllama';
  const { options, budget, limits } = slow ? MODEST : AMPLE;
  const why = [whyRendering, whyMeta];
  if (rendering !== usual)
    why.push(`This method lets the target write out its work: up to ${rendering.maxTokens} tokens a reply.`);
  if (method.tunes && target.runtime !== 'wllama')
    why.push(
      'This method needs a target that runs on the processor from a GGUF file of the Llama architecture, such as SmolLM2 135M: choose one.',
    );
  else if (gradient !== '') why.push(gradient);
  if (rendering.read === 'choose')
    why.push(
      'Before the first run with this task and model, up to 20 validation examples are answered both ways (at most 40 calls, charged to no budget); where fewer than 95 % agree, answers are written instead.',
    );
  if (slow)
    why.push(
      'This model runs on the processor: fewer candidates, at most 48 validation examples and 20 minutes.',
    );
  return {
    config: {
      version: 1,
      task: task.id,
      optimizer: method.id,
      options: optionsOf(method, options),
      prompts: {},
      initialPrompt: task.initialPrompt,
      models: method.tunes ? { ...ids, tuner: `gradient:${target.id}` } : ids,
      rendering,
      ...(rendering.read === 'choose' ? { reading: 'unchecked' as const } : {}),
      metaStyle,
      budget,
      limits,
      // The in-browser runtimes answer one ask at a time; a server answers several.
      parallel: target.parallel,
      seed: 1,
    },
    why,
  };
}
