import { hash } from '../core/hash.ts';
import type { Effect, Effects, Outcome, Role } from '../core/log.ts';
import type { Engine } from '../core/model.ts';
import { storageUsage } from '../storage/quota.ts';
import type { KeptReply, Replies, ReplyBatch } from '../storage/replies.ts';

/** Raised when engines come to put the same ask otherwise, so that no older reply answers it. */
const ASKED_AS = 1;

/** What kept replies may take: so many bytes, and at most this share of what the browser grants. */
const MOST_BYTES = 200_000_000;
const MOST_SHARE = 0.1;

/** Replies wait this long for others to be written with, or until there are so many. */
const WAIT_MS = 1000;
const ENOUGH = 256;
/** While the store lags, replies beyond these are not kept. */
const MOST_WAITING = 8192;

/** Effects that answer what was asked before; `written` resolves when what is to be kept is stored. Never rejects. */
export interface Reusing extends Effects {
  written(): Promise<void>;
}

interface Place {
  model: string;
  ask: string;
}

/**
 * `live`, but a greedy ask that the same build of a model answered before, in this run or an earlier one, gets that
 * reply: with the tokens as they were first measured, so that calls and tokens are charged as if it were new and the
 * search goes the same way whatever ran before; only its time is not spent again. Hits wait for `passed`, which holds
 * them back while the run is paused and rejects when it was stopped.
 *
 * Replies are written behind the run, many at once. A store that fails ends the keeping, never the run.
 */
export function reusing(
  live: Effects,
  replies: Replies,
  engines: Record<Role, Pick<Engine, 'id' | 'build'>>,
  passed: () => Promise<void>,
  room = roomForReplies,
): Reusing {
  const models = { target: modelKey(engines.target), optimizer: modelKey(engines.optimizer) };
  /** What is stored of a model, so that asks that were never made cost no look. */
  const stored = new Map<string, Promise<Set<string>>>();
  /** Not stored yet. */
  const waiting = new Map<string, Place & { kept: KeptReply }>();
  const used = new Map<string, Place>();
  let works = true;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let writing: Promise<void> | null = null;

  function storedOf(model: string): Promise<Set<string>> {
    const known = stored.get(model) ?? attempt(async () => new Set(await replies.asks(model)), new Set());
    stored.set(model, known);
    return known;
  }

  async function attempt<T>(work: () => Promise<T>, otherwise: T): Promise<T> {
    try {
      return works ? await work() : otherwise;
    } catch {
      works = false;
      return otherwise;
    }
  }

  async function find(place: Place): Promise<KeptReply | null> {
    const key = keyOf(place);
    const fresh = waiting.get(key);
    if (fresh !== undefined) return fresh.kept;
    if (!(await storedOf(place.model)).has(place.ask)) return null;
    const kept = await attempt(() => replies.find(place.model, place.ask), null);
    if (kept !== null) {
      used.set(key, place);
      plan();
    }
    return kept;
  }

  function plan() {
    if (!works || writing !== null) return;
    if (waiting.size + used.size >= ENOUGH) void write();
    else timer ??= setTimeout(() => void write(), WAIT_MS);
  }

  /** One write at a time. */
  function write(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    writing ??= writeBatch().finally(() => {
      writing = null;
      if (waiting.size + used.size > 0) plan();
    });
    return writing;
  }

  async function writeBatch(): Promise<void> {
    const most = await room();
    const batch: ReplyBatch = {
      fresh: [...waiting.values()],
      used: [...used.values()],
      now: Date.now(),
      most,
    };
    used.clear();
    await attempt(() => replies.save(batch), undefined);
    for (const place of batch.fresh) {
      if (works) (await storedOf(place.model)).add(place.ask);
      waiting.delete(keyOf(place));
    }
  }

  return {
    async perform(effect) {
      const place = placeOf(effect, models);
      if (place === null || !works) return live.perform(effect);
      const kept = await find(place);
      if (kept !== null) {
        await passed();
        return { ...kept, ms: 0, reused: true };
      }
      const outcome = await live.perform(effect);
      const fresh = keptOf(outcome);
      if (fresh !== null && works && waiting.size < MOST_WAITING) {
        waiting.set(keyOf(place), { ...place, kept: fresh });
        plan();
      }
      return outcome;
    },
    async written() {
      await writing;
      while (works && waiting.size + used.size > 0) await write();
      clearTimeout(timer);
    },
  };
}

const keyOf = ({ model, ask }: Place) => `${model}/${ask}`;

function modelKey({ id, build }: Pick<Engine, 'id' | 'build'>): string | null {
  return build === undefined || build === null ? null : hash(JSON.stringify([ASKED_AS, id, build]));
}

/** Null for what is not to be reused: drawn replies, embeddings, gradient steps, models whose build is not known. */
function placeOf(effect: Effect, models: Record<Role, string | null>): Place | null {
  if (effect.kind === 'embed' || effect.kind === 'tune' || effect.ask.temperature !== 0) return null;
  const model = models[effect.role];
  if (model === null) return null;
  const { content, maxTokens, stop, grammar, ...rest } = effect.ask;
  const { temperature: _, seed: __, ...others } = rest;
  const options = effect.kind === 'choose' ? effect.options : null;
  return {
    model,
    ask: hash(JSON.stringify([effect.kind, content, maxTokens, stop ?? [], grammar, others, options])),
  };
}

function keptOf(outcome: Outcome): KeptReply | null {
  if (outcome.kind === 'generate' && outcome.reply.finish !== 'abort')
    return { kind: 'generate', reply: outcome.reply };
  if (outcome.kind === 'choose') return { kind: 'choose', choice: outcome.choice };
  return null;
}

async function roomForReplies(): Promise<number> {
  const usage = await storageUsage();
  return Math.min(MOST_BYTES, usage === null ? Infinity : usage.quotaBytes * MOST_SHARE);
}
