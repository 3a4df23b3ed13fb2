/**
 * The pick bench: how many target tokens it takes to find the best of many prompts by a race, against answering every
 * example with every prompt, and how much worse the pick truly is. Bundled by `bench-pick.js`.
 */
import type { Candidate, Scored } from '../src/core/candidate.ts';
import type { Answer } from '../src/core/events.ts';
import { extract } from '../src/core/extract.ts';
import { scoreAnswer } from '../src/core/metrics.ts';
import type { Optimizer } from '../src/core/optimizer.ts';
import {
  defaultRace,
  defaultRacing,
  race,
  type RaceOptions,
  type RaceTools,
  type Racing,
} from '../src/core/race.ts';
import { render } from '../src/core/render.ts';
import { makeRng } from '../src/core/rng.ts';
import type { SearchTask } from '../src/core/task.ts';
import { evopromptGa } from '../src/optimizers/evoprompt-ga.ts';
import { gpo } from '../src/optimizers/gpo.ts';
import { opro } from '../src/optimizers/opro.ts';
import { expectedAccuracy, LANDSCAPES, taskOf, type Landscape } from '../test/landscape/landscape.ts';
import { playLandscape } from '../test/landscape/play.ts';
import { simulatedTarget } from '../test/landscape/target.ts';

export { defaultRace, defaultRacing };

export const landscapes = LANDSCAPES.map(({ id }) => id);

/** Where the prompts come from: the whole of some searches, or their last proposals, which are much alike. */
export type Source = 'whole' | 'late';

/** The pool of one landscape and seed with every answer worked out: prompts by examples. */
export interface Pool {
  candidates: Candidate[];
  task: SearchTask;
  /** Expected accuracy on inputs that no run sees, by prompt. */
  truth: number[];
  right: Uint8Array[];
  /** Tokens computed for an ask, and for one whose predecessor had the same prompt (its beginning is cached). */
  fresh: Uint16Array[];
  cached: Uint16Array[];
}

const METHODS: readonly Optimizer[] = [gpo, opro, evopromptGa];

/** What each search may spend on its proposals. */
const BUDGET = { tokens: 250_000 };

/** A whole run of one method with or without racing as its setting: final held-out accuracy and what was evaluated. */
export async function playedWith(method: string, id: string, seed: number, racing: Racing | null) {
  const land = landOf(id);
  const optimizer = METHODS.find((one) => one.id === method);
  if (optimizer === undefined) throw new Error(`There is no method called ${method}.`);
  const played = await playLandscape(optimizer, {}, land, seed, undefined, { ...(racing && { racing }) });
  const scored = new Set<string>();
  let left = 0;
  for (const event of played.events) {
    if (event.type === 'scored') scored.add(event.candidate);
    if (event.type === 'eliminated') left += 1;
  }
  return { final: played.final, evaluated: scored.size + left, left };
}

export const methods = METHODS.map(({ id }) => id);

function landOf(id: string): Landscape {
  const land = LANDSCAPES.find((one) => one.id === id);
  if (land === undefined) throw new Error(`There is no landscape called ${id}.`);
  return land;
}

/** Prompts that several methods proposed on the landscape, a third each, duplicates left out. */
async function promptsOf(land: Landscape, seed: number, count: number, source: Source): Promise<string[]> {
  const drawn = makeRng(seed, `pool/${land.id}`);
  const prompts: string[] = [];
  for (const [i, method] of METHODS.entries()) {
    const { events } = await playLandscape(method, {}, land, seed, BUDGET);
    const made = events.flatMap((event) =>
      event.type === 'proposed' && event.candidate.shots.length === 0 ? [event.candidate.prompt] : [],
    );
    const known = new Set(prompts);
    const own = [...new Set(made)].filter((prompt) => !known.has(prompt));
    const share = Math.round(((i + 1) * count) / METHODS.length) - prompts.length;
    prompts.push(...(source === 'late' ? own.slice(-share) : drawn.fork(method.id).sample(own, share)));
  }
  return drawn.shuffled(prompts);
}

/** Asks the simulated target everything once. */
export async function poolOf(
  id: string,
  seed: number,
  count: number,
  size: number,
  source: Source,
): Promise<Pool> {
  const land = landOf(id);
  const { splits, ...rest } = taskOf(land, seed, { train: 1, validation: size, test: 0 });
  const task: SearchTask = { ...rest, splits: { train: splits.train, validation: splits.validation } };
  const prompts = await promptsOf(land, seed, count, source);
  const target = simulatedTarget(land, true);
  const { signal } = new AbortController();
  const rendering = {
    style: 'chat',
    position: land.position,
    read: 'decode',
    maxTokens: task.answerTokens,
  } as const;
  const pool: Pool = { candidates: [], task, truth: [], right: [], fresh: [], cached: [] };
  for (const [k, prompt] of prompts.entries()) {
    const candidate: Candidate = { id: `c${k}`, prompt, shots: [], parents: [], origin: 'pool', step: 0 };
    const right = new Uint8Array(size);
    const fresh = new Uint16Array(size);
    const cached = new Uint16Array(size);
    for (const [i, example] of task.splits.validation.entries()) {
      const { content } = render(candidate, example.input, task, rendering);
      const ask = { content, maxTokens: rendering.maxTokens, temperature: 0, seed: 0 };
      const { text, tokens } = await target.generate(ask, signal);
      right[i] = scoreAnswer(task.metric, extract(task.metric, text, example.input), example.gold);
      fresh[i] = tokens.in + tokens.out;
      cached[i] = tokens.in - tokens.cached + tokens.out;
    }
    pool.candidates.push(candidate);
    pool.truth.push(expectedAccuracy(land, prompt));
    pool.right.push(right);
    pool.fresh.push(fresh);
    pool.cached.push(cached);
  }
  return pool;
}

/** What a way of picking spent and how good its pick is. */
export interface Pick {
  asks: number;
  /** Nothing counted as cached. */
  tokens: number;
  /** With the beginning that an ask shares with the one before it taken from the cache. */
  computed: number;
  /** Accuracy of the truly best prompt of the pool less that of the pick, 0..1. */
  regret: number;
}

/** Races the first `count` prompts of a pool over the first `size` examples; null for answering everything. */
export async function pick(
  pool: Pool,
  count: number,
  size: number,
  seed: number,
  options: RaceOptions | null,
): Promise<Pick> {
  const candidates = pool.candidates.slice(0, count);
  const validation = pool.task.splits.validation.slice(0, size);
  const at = new Map(validation.map(({ id }, i) => [id, i]));
  const index = new Map(candidates.map(({ id }, k) => [id, k]));
  const met = candidates.map(() => new Set<number>());
  const spent = { asks: 0, tokens: 0, computed: 0 };
  let last = -1;

  const answers: RaceTools['answers'] = async function* (candidate, split, examples) {
    const k = index.get(candidate.id) ?? 0;
    return examples.map(({ id }): Answer => {
      const i = at.get(id) ?? 0;
      const known = met[k];
      if (known !== undefined && !known.has(i)) {
        known.add(i);
        spent.asks += 1;
        spent.tokens += pool.fresh[k]?.[i] ?? 0;
        spent.computed += (last === k ? pool.cached : pool.fresh)[k]?.[i] ?? 0;
        last = k;
      }
      const score = pool.right[k]?.[i] ?? 0;
      return {
        candidate: candidate.id,
        example: id,
        split,
        reply: '',
        answer: '',
        score,
        tokens: { in: 0, cached: 0, out: 0 },
        ms: 0,
      };
    });
  };
  const score: RaceTools['score'] = async function* (scored) {
    const out: Scored[] = [];
    for (const candidate of scored) {
      const all = yield* answers(candidate, 'validation', validation);
      out.push({
        candidate,
        score: all.reduce((sum, each) => sum + each.score, 0) / all.length,
        n: all.length,
      });
    }
    return out;
  };
  const tools: RaceTools = {
    task: { ...pool.task, splits: { ...pool.task.splits, validation } },
    rng: makeRng(seed, 'search'),
    begun: 1,
    answers,
    score,
  };
  const everything = async function* () {
    const scored = yield* score(candidates);
    return { kept: scored.sort((a, b) => b.score - a.score) };
  };
  const op = options === null ? everything() : race(tools, candidates, 1, options);
  let next = await op.next();
  while (next.done !== true) next = await op.next();
  const picked = index.get(next.value.kept[0]?.candidate.id ?? '') ?? 0;
  const truth = pool.truth.slice(0, count);
  return { ...spent, regret: Math.max(...truth) - (truth[picked] ?? 0) };
}
