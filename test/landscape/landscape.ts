/**
 * Simulation only: synthetic tasks whose answers depend on what a prompt says, so that methods can be compared in
 * seconds against a known truth. No model is asked and nothing here says how a method does on a real one.
 *
 * A landscape is drawn from a seed. Its inputs fall into kinds; each kind calls for certain ideas (`ideas.ts`), and a
 * prompt that says them makes the target answer that kind rightly more often. Effects are in logits:
 * - `needs`    an idea raises one kind; with `after` it does so only when another idea is in the prompt as well
 * - `overall`  an idea raises or lowers all kinds: sound advice, and decoys that models like to give
 * - `clashes`  two ideas spoil each other
 * - `orders`   it matters a little which of two ideas comes first
 * - worked examples of a kind stand in for part of what its needs would add
 * - each ten words beyond `roomy` cost a little
 * - each wording has a small luck of its own, on each kind
 * An answer is right when that sum, the input's own ease and a little chance tied to the text exceed 0; a share of
 * replies is unreadable unless the prompt or an example shows the form.
 */
import { hash32 } from '../../src/core/hash.ts';
import { makeRng, type Rng } from '../../src/core/rng.ts';
import type { Example, Metric, Position, Task } from '../../src/core/task.ts';
import { GENERAL_IDEAS, ideasOf, INPUT_IDEAS, phrase, wordsOf, type Idea } from './ideas.ts';

interface Need {
  idea: string;
  effect: number;
  after?: string;
}

interface Kind {
  /** The idea whose hints its inputs show; null for plain inputs. */
  shows: string | null;
  share: number;
  base: number;
  needs: readonly Need[];
}

/** Drawn from a seed unless given. */
export interface LandscapeShape {
  /** Kinds of inputs that call for ideas, beside the plain ones. */
  kinds: number;
  /** Scale of the needs; 1 is usual. */
  strength: number;
  /** Standard deviation of an input's own ease, in logits. */
  spread: number;
  /** Logistic scale of the chance tied to prompt text and input. */
  chance: number;
  /** Standard deviation of a wording's luck on a kind. */
  luck: number;
  decoys: number;
  /** Share of replies that cannot be read when the form is not shown. */
  unreadable: number;
  /** Words that cost nothing. */
  roomy: number;
  lengthCost: number;
  labels: number;
  position: Position;
  metaStyle: 'chat' | 'continuation';
}

export interface Landscape extends LandscapeShape {
  id: string;
  seed: number;
  initialPrompt: string;
  answers: readonly string[];
  groups: readonly Kind[];
  overall: ReadonlyMap<string, number>;
  clashes: readonly { one: string; other: string; effect: number }[];
  orders: readonly { first: string; second: string; effect: number }[];
  /** The idea whose presence makes every reply readable. */
  form: string;
}

/** What a prompt and its worked examples are to the target. */
export interface Impression {
  text: string;
  ideas: readonly string[];
  words: number;
  /** Worked examples by the kind that they show. */
  shots: ReadonlyMap<string | null, number>;
}

const LABELS = ['amber', 'birch', 'cobalt', 'dune', 'ember', 'fjord', 'grove', 'heath', 'iris', 'jade'];

/** A whole landscape from its seed; `shape` fixes what should not be drawn. */
export function makeLandscape(
  seed: number,
  shape: Partial<LandscapeShape> = {},
  id = `drawn-${seed}`,
): Landscape {
  const rng = makeRng(seed, 'landscape');
  const drawn = { ...drawShape(rng.fork('shape')), ...shape };
  const hinted = rng.fork('kinds').sample(INPUT_IDEAS, drawn.kinds);
  const others = rng.fork('general').shuffled(GENERAL_IDEAS);
  const form = others.find(({ id: one }) => one === 'bare' || one === 'short')?.id ?? 'bare';
  const free = others.filter((one) => one.id !== form);
  // Decoys are what models like to say; sound advice is drawn from the rest.
  const liked = [...free].sort((a, b) => b.appeal * b.appeal - a.appeal * a.appeal).slice(0, 8);
  const decoys = rng.fork('decoys').sample(liked, drawn.decoys);
  const sound = free.filter((one) => !decoys.includes(one)).slice(0, 1 + rng.fork('sound').below(2));
  const groups = drawKinds(rng.fork('needs'), drawn, hinted, sound);
  const overall = new Map<string, number>([
    ...sound.map((one, i) => [one.id, between(rng.fork(`sound/${i}`), 0.25, 0.55)] as const),
    ...decoys.map((one, i) => [one.id, -between(rng.fork(`decoy/${i}`), 0.35, 0.9)] as const),
    [form, 0.1],
  ]);
  const pairs = rng.fork('pairs');
  const decoy = decoys[0];
  const clashes = hinted.slice(0, 1 + pairs.below(2)).map((one, i) => ({
    one: one.id,
    // A clash with something that models like to say, or between two ideas of which only one serves.
    other: (i === 0 ? decoy : undefined)?.id ?? free.at(-1)?.id ?? form,
    effect: -between(pairs, 0.5, 1.2),
  }));
  const orders = hinted.slice(0, 2).map((one, i) => ({
    first: one.id,
    second: hinted[(i + 1) % hinted.length]?.id ?? form,
    effect: between(pairs, 0.05, 0.2),
  }));
  const pick = pairs.below;
  const known = pairs.next() < 0.4 ? hinted.slice(-1) : [];
  const misled = pairs.next() < 0.5 ? decoys.slice(-1) : [];
  const initial = [...known, ...misled].map((one) => phrase(one, pick));
  return {
    ...drawn,
    id,
    seed,
    initialPrompt: ['Say which group the case belongs to.', ...initial].join(' '),
    answers: rng.fork('labels').sample(LABELS, drawn.labels),
    groups,
    overall,
    clashes,
    orders,
    form,
  };
}

const between = (rng: Rng, low: number, high: number) => low + (high - low) * rng.next();

function drawShape(rng: Rng): LandscapeShape {
  const positions: readonly Position[] = ['before', 'question-begin', 'question-end'];
  return {
    kinds: 3 + rng.below(5),
    strength: between(rng, 0.85, 1.3),
    spread: between(rng, 0.4, 1),
    chance: between(rng, 0.15, 0.5),
    luck: between(rng, 0.05, 0.25),
    decoys: 2 + rng.below(3),
    unreadable: rng.next() < 0.5 ? 0 : between(rng, 0.02, 0.1),
    roomy: 40 + rng.below(60),
    lengthCost: between(rng, 0.02, 0.12),
    labels: 2 + rng.below(4),
    position: positions[rng.below(positions.length)] ?? 'before',
    metaStyle: 'chat',
  };
}

/** Kinds with their needs: all need the idea that their inputs show; some need a second one, or one before the other. */
function drawKinds(rng: Rng, shape: LandscapeShape, hinted: readonly Idea[], sound: readonly Idea[]): Kind[] {
  const plainShare = between(rng, 0.1, 0.25);
  const weights = hinted.map(() => between(rng, 0.6, 1.6));
  const sum = weights.reduce((a, b) => a + b, 0);
  const kinds = hinted.map((one, i): Kind => {
    const base = -between(rng, 0.2, 1.4);
    // Fully served, a kind stands near 3 logits for all but its hardest inputs.
    const full = (3 - base) * shape.strength;
    const way = rng.next();
    const second = (i % 2 === 0 ? hinted[(i + 1) % hinted.length] : sound[0]) ?? one;
    const needs: Need[] =
      way < 0.45 || second === one
        ? [{ idea: one.id, effect: full }]
        : way < 0.75
          ? [
              { idea: one.id, effect: 0.45 * full },
              { idea: second.id, effect: 0.55 * full, after: one.id },
            ]
          : [
              { idea: one.id, effect: 0.65 * full },
              { idea: second.id, effect: 0.35 * full },
            ];
    return { shows: one.id, share: ((1 - plainShare) * (weights[i] ?? 1)) / sum, base, needs };
  });
  return [...kinds, { shows: null, share: plainShare, base: between(rng, 1.5, 2.5), needs: [] }];
}

/** What the target makes of a prompt text and the inputs of its worked examples. */
export function impression(text: string, shots: readonly (string | null)[] = []): Impression {
  const counts = new Map<string | null, number>();
  for (const kind of shots) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return { text, ideas: ideasOf(text), words: wordsOf(text).length, shots: counts };
}

/** Logits of a right answer on each kind of input, by what the inputs show; without the input's own ease. */
export function logits(land: Landscape, seen: Impression): Map<string | null, number> {
  const has = new Set(seen.ideas);
  let all = 0;
  for (const [idea, effect] of land.overall) if (has.has(idea)) all += effect;
  for (const { one, other, effect } of land.clashes) if (has.has(one) && has.has(other)) all += effect;
  for (const { first, second, effect } of land.orders) {
    if (has.has(first) && has.has(second))
      all += seen.ideas.indexOf(first) < seen.ideas.indexOf(second) ? effect : -effect;
  }
  all -= (Math.max(0, seen.words - land.roomy) / 10) * land.lengthCost;
  return new Map(
    land.groups.map(({ shows, base, needs }) => {
      const full = needs.reduce((sum, { effect }) => sum + effect, 0);
      const met = needs
        .filter(({ idea, after }) => has.has(idea) && (after === undefined || has.has(after)))
        .reduce((sum, { effect }) => sum + effect, 0);
      const shown = seen.shots.get(shows) ?? 0;
      const lent = 0.55 * (full - met) * (1 - 0.5 ** shown);
      const luck = land.luck * normal(land.seed, `luck/${seen.text}/${shows ?? ''}`);
      return [shows, base + met + lent + all + luck];
    }),
  );
}

/** Whether the form of the answer is plain from the prompt or from an example. */
const formShown = (land: Landscape, seen: Impression) =>
  seen.ideas.includes(land.form) || seen.shots.size > 0;

const readable = (land: Landscape, seen: Impression) => (formShown(land, seen) ? 1 : 1 - land.unreadable);

/** An input's own ease: standard normal, fixed. */
const ease = (land: Landscape, input: string) => normal(land.seed, `ease/${input}`);

/** The answer that counts as right. Nothing in the input's words tells: only a target that knows the landscape does. */
export function rightAnswer(land: Landscape, input: string): string {
  return land.answers[hash32(`gold/${input}`, land.seed) % land.answers.length] ?? '';
}

/** All of an input that an outcome depends on, whatever the prompt. */
export interface Known {
  kind: string | null;
  input: string;
  ease: number;
  /** In (0, 1): the reply is unreadable where this lies above the share of readable ones. */
  form: number;
  right: string;
  /** The answer given in its place. */
  wrong: string;
}

export function knownInput(land: Landscape, kind: string | null, input: string): Known {
  const right = rightAnswer(land, input);
  const others = land.answers.filter((one) => one !== right);
  return {
    kind,
    input,
    ease: ease(land, input),
    form: uniform(land.seed, `form/${input}`),
    right,
    wrong: others[hash32(`wrong/${input}`, land.seed) % Math.max(1, others.length)] ?? right,
  };
}

/** A prompt with what it does to each kind of input; `key` stands for its text and worked examples. */
export interface Met {
  key: number;
  levels: ReadonlyMap<string | null, number>;
  readable: number;
}

export function met(land: Landscape, seen: Impression): Met {
  const key = hash32(JSON.stringify([seen.text, ...seen.shots]), land.seed);
  return { key, levels: logits(land, seen), readable: readable(land, seen) };
}

/** What the target answers: the same for the same text and input. Null is a reply that holds no answer. */
export function answerTo(land: Landscape, { key, levels, readable: share }: Met, of: Known): string | null {
  if (of.form > share) return null;
  const u = uniform(key, `chance/${of.input}`);
  const noise = land.chance * Math.log(u / (1 - u));
  return (levels.get(of.kind) ?? 0) + land.spread * of.ease + noise > 0 ? of.right : of.wrong;
}

/** A drawn number in (0, 1) that is fixed by the text. */
function uniform(seed: number, text: string): number {
  return (hash32(text, seed) + 0.5) / 0x100000000;
}

/** A standard normal number that is fixed by the text. */
function normal(seed: number, text: string): number {
  return (
    Math.sqrt(-2 * Math.log(uniform(seed, `${text}#1`))) * Math.cos(2 * Math.PI * uniform(seed, `${text}#2`))
  );
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** Size of the sample on which the expected accuracy is worked out. */
const HELD_OUT = 2000;
const heldOut = new Map<string, { kind: string | null; eases: Float64Array }[]>();

/**
 * The truth, known to tests and the bench alone: the expected accuracy of a prompt on 2,000 inputs that no run sees,
 * without the sampling noise of answers. `shots` are the inputs' kinds of the worked examples.
 */
export function expectedAccuracy(
  land: Landscape,
  text: string,
  shots: readonly (string | null)[] = [],
): number {
  const key = `${land.id}/${land.seed}`;
  const sample = heldOut.get(key) ?? drawHeldOut(land);
  heldOut.set(key, sample);
  const seen = impression(text, shots);
  const levels = logits(land, seen);
  let sum = 0;
  let n = 0;
  for (const { kind, eases } of sample) {
    const level = levels.get(kind) ?? 0;
    for (const one of eases) sum += sigmoid((level + land.spread * one) / land.chance);
    n += eases.length;
  }
  return (readable(land, seen) * sum) / n;
}

function drawHeldOut(land: Landscape): { kind: string | null; eases: Float64Array }[] {
  const rng = makeRng(land.seed, 'held-out');
  const kinds = new Map<string | null, number[]>(land.groups.map(({ shows }) => [shows, []]));
  for (let i = 0; i < HELD_OUT; i++) {
    const { kind, input } = drawInput(land, rng, i);
    kinds.get(kind)?.push(ease(land, input));
  }
  return [...kinds].map(([kind, eases]) => ({ kind, eases: Float64Array.from(eases) }));
}

const OPENERS = ['The parcel', 'Her request', 'This matter', 'The second item', 'His note', 'The return'];
const CLOSERS = [
  'on our list',
  'from the north desk',
  'as filed today',
  'in the grey folder',
  'for the board',
];

/** One input: a line that begins with `Case` and a number, and shows its kind in its words. */
function drawInput(land: Landscape, rng: Rng, number: number): { kind: string | null; input: string } {
  let at = rng.next();
  const group = land.groups.find(({ share }) => (at -= share) < 0) ?? land.groups.at(-1);
  const kind = group?.shows ?? null;
  const hints = INPUT_IDEAS.find(({ id }) => id === kind)?.hints ?? ['is as it should be'];
  const from = (list: readonly string[]) => list[rng.below(list.length)] ?? '';
  return { kind, input: `Case ${number}: ${from(OPENERS)} ${from(hints)}, ${from(CLOSERS)}.` };
}

/** Finds inputs in a text; no input holds a full stop but at its end. */
export const INPUT = /Case \d+: [^\n.]*\./gu;

/** Examples of each split. */
export interface Sizes {
  train: number;
  validation: number;
  test: number;
}

/** The task that a run gets: examples drawn from `draw`, so that runs with different seeds see different ones. */
export function taskOf(
  land: Landscape,
  draw: number,
  sizes: Sizes = { train: 50, validation: 50, test: 100 },
): Task {
  // Held-out inputs have numbers below HELD_OUT; these lie above, so no run sees one of those.
  let number = HELD_OUT;
  const split = (name: string, n: number): Example[] => {
    const rng = makeRng(draw, `${land.id}/${land.seed}/${name}`);
    return Array.from({ length: n }, (_, i) => {
      const { input } = drawInput(land, rng, number++);
      return { id: `${name}-${i}`, input, gold: [rightAnswer(land, input)] };
    });
  };
  const metric: Metric = { kind: 'choice', options: land.answers };
  return {
    id: `simulated-${land.id}`,
    name: `Simulated landscape ${land.id}`,
    description: `Say which group a case belongs to: ${land.answers.join(', ')}.`,
    initialPrompt: land.initialPrompt,
    metric,
    position: land.position,
    markers: { input: 'Item', answer: 'Answer' },
    answerTokens: 64,
    splits: {
      train: split('train', sizes.train),
      validation: split('validation', sizes.validation),
      test: split('test', sizes.test),
    },
  };
}

/** All that helps in a landscape, said once each: near the best that a prompt can reach. Known to tests alone. */
export function perfectPrompt(land: Landscape): string {
  const wanted = new Set<string>([land.form]);
  for (const { needs } of land.groups) for (const { idea } of needs) wanted.add(idea);
  for (const [idea, effect] of land.overall) if (effect > 0) wanted.add(idea);
  return [...INPUT_IDEAS, ...GENERAL_IDEAS]
    .filter(({ id }) => wanted.has(id))
    .map((one) => phrase(one, () => 0))
    .join(' ');
}

/** The landscapes of the bench: varied on purpose, and none of them chosen for what a method does on it. */
export const LANDSCAPES: readonly Landscape[] = [
  makeLandscape(101, { kinds: 3, position: 'before' }, 'few-kinds'),
  makeLandscape(102, { kinds: 5, spread: 0.9, chance: 0.5, luck: 0.25 }, 'noisy'),
  makeLandscape(103, { kinds: 7, roomy: 70, position: 'question-end' }, 'many-kinds'),
  makeLandscape(104, { kinds: 4, decoys: 4 }, 'decoys'),
  makeLandscape(105, { kinds: 5, roomy: 40, lengthCost: 0.2 }, 'short-prompts'),
  makeLandscape(106, { kinds: 5, unreadable: 0.12, labels: 2 }, 'unreadable'),
  makeLandscape(107, { kinds: 4, metaStyle: 'continuation', position: 'before' }, 'continued'),
  makeLandscape(108, {}, 'drawn'),
];
