import { scaleLinear } from 'd3-scale';
import { curveStepAfter, line } from 'd3-shape';
import { grouped, percentWithInterval, short, scoreInterval } from './format.ts';
import { decidingSplit, spent, type RunView, type Spent } from './run-view.ts';

/** What runs along the bottom of the chart. */
export type Axis = 'tokens' | 'calls' | 'minutes' | 'steps';

export const axes: Readonly<Record<Axis, string>> = {
  tokens: 'tokens',
  calls: 'target calls',
  minutes: 'minutes',
  steps: 'steps',
};

export interface Dot {
  id: string;
  x: number;
  y: number;
  /** Pixels of the interval's ends; `low` is lower on the page, so the larger number. */
  low: number;
  high: number;
  score: number;
  n: number;
  step: number;
  used: number;
  /** Not all examples are answered: still running or given up. */
  partial: boolean;
  /** Who beat it after how many examples, when it left a race and was not taken up again; null otherwise. */
  eliminated: { by: string; n: number } | null;
  best: boolean;
  current: boolean;
  label: string;
}

export interface Chart {
  width: number;
  height: number;
  plot: { left: number; right: number; top: number; bottom: number };
  xTicks: { x: number; label: string }[];
  yTicks: { y: number; label: string }[];
  /** Where each step began, for faint lines. */
  steps: { x: number; step: number }[];
  dots: Dot[];
  /** Lines from a candidate's first parent to it. */
  edges: { from: Dot; to: Dot }[];
  /** Null, too, where `split` is not the one whose scores decide. */
  bestPath: string | null;
  initialY: number | null;
  rejected: Tick[];
  /** Test scores, only when the run has ended; they stand in a strip right of the plot. */
  tests: TestDot[];
}

/** A proposal that became no candidate. */
export interface Tick {
  x: number;
  step: number;
  used: number;
  reason: string;
  text: string;
}

/** Drawn as a candidate is, with none of what the search made of it. */
export type TestDot = Pick<Dot, 'id' | 'x' | 'y' | 'low' | 'high' | 'score' | 'n' | 'best' | 'label'>;

const STRIP = 76;

/** Lays a run out in `width` × `height` pixels, scores of `split` against what `axis` counts. */
export function chart(
  view: RunView,
  axis: Axis,
  split: 'train' | 'validation',
  width: number,
  height: number,
): Chart {
  const right = width - (view.result ? STRIP : 12);
  const plot = { left: 44, right, top: 18, bottom: height - 40 };
  const now = spent(view);
  const place = along(view, axis, split);
  const xMost = axis === 'steps' ? Math.max(view.of ?? 0, view.step, 1) + 1 : value(now, axis) || 1;
  const x = scaleLinear().domain([0, xMost]).range([plot.left, plot.right]);
  if (axis !== 'steps') x.nice(5);
  const y = scaleLinear().domain([0, 1]).range([plot.bottom, plot.top]);

  const dots: Dot[] = [];
  const byId = new Map<string, Dot>();
  const best = view.bests.at(-1)?.candidate;
  const current = view.currents.at(-1)?.candidate;
  const left = new Map(view.eliminated.map((one) => [one.candidate, one]));
  for (const [id, { candidate, scores, tallies }] of view.candidates) {
    const full = scores[split];
    const tally = tallies[split];
    const n = full?.n ?? tally?.answers ?? 0;
    if (n === 0) continue;
    const score = full?.score ?? (tally ? tally.sum / tally.answers : 0);
    const at = full?.at ?? tally?.at ?? now;
    const { low, high } = scoreInterval(score, n);
    const out = full ? undefined : left.get(id);
    const eliminated = out && out.n >= n ? { by: out.by, n: out.n } : null;
    const so = full ? '' : eliminated ? `, left the race, beaten by ${eliminated.by}` : ' so far';
    const dot: Dot = {
      id,
      x: x(place(id, at)),
      y: y(score),
      low: y(low),
      high: y(high),
      score,
      n,
      step: candidate.step,
      used: value(at, axis),
      partial: full === undefined,
      eliminated,
      best: id === best,
      current: id === current,
      label: `${id}, ${percentWithInterval(score, n)}${so}, step ${candidate.step}`,
    };
    dots.push(dot);
    byId.set(id, dot);
  }
  const edges = dots.flatMap((to) => {
    const from = byId.get(view.candidates.get(to.id)?.candidate.parents[0] ?? '');
    return from ? [{ from, to }] : [];
  });

  const initialDot = byId.get(view.initial ?? '');
  const decides = split === decidingSplit(view);
  const bests = (decides ? view.bests : []).flatMap((one) => {
    const dot = byId.get(one.candidate);
    return dot ? [{ x: dot.x, y: y(one.score) }] : [];
  });
  const last = bests.at(-1);
  const end = axis === 'steps' ? plot.right : x(value(now, axis));
  if (last) bests.push({ x: Math.max(end, last.x), y: last.y });
  const path = line<{ x: number; y: number }>()
    .x((point) => point.x)
    .y((point) => point.y)
    .curve(curveStepAfter);

  return {
    width,
    height,
    plot,
    xTicks: ticks(x, axis, width, axis === 'steps' ? xMost : value(now, axis)).map((at) => ({
      x: x(axis === 'steps' ? at + 0.5 : at),
      label: axis === 'minutes' ? String(at) : axis === 'steps' ? String(at) : short(at),
    })),
    yTicks: [0, 0.25, 0.5, 0.75, 1].map((at) => ({ y: y(at), label: `${at * 100} %` })),
    steps: [...view.steps.values()].map((one) => ({
      x: x(axis === 'steps' ? one.step : value(one.at, axis)),
      step: one.step,
    })),
    dots,
    edges,
    bestPath: bests.length > 0 ? path(bests) : null,
    initialY: initialDot && !initialDot.partial ? initialDot.y : null,
    rejected: view.rejected.map(({ at, step, reason, text }) => ({
      x: x(axis === 'steps' ? step + 0.5 : value(at, axis)),
      step,
      used: value(at, axis),
      reason,
      text,
    })),
    tests: tests(view, y, plot.right),
  };
}

/** Dots as few outlines: their intervals, and the points of those that are whole, that left a race, that go on. */
export interface Outlines {
  intervals: string;
  whole: string;
  left: string;
  asking: string;
}

/** Draws dots that need no element of their own; `radius` in pixels. */
export function outlines(dots: readonly Dot[], radius = 4): Outlines {
  const drawn: Outlines = { intervals: '', whole: '', left: '', asking: '' };
  const at = (value: number) => Math.round(value * 10) / 10;
  for (const { x, y, low, high, partial, eliminated } of dots) {
    drawn.intervals += `M${at(x)} ${at(low)}V${at(high)}`;
    const point = `M${at(x - radius)} ${at(y)}a${radius} ${radius} 0 1 0 ${2 * radius} 0a${radius} ${radius} 0 1 0 ${-2 * radius} 0`;
    drawn[!partial ? 'whole' : eliminated ? 'left' : 'asking'] += point;
  }
  return drawn;
}

/** The dot nearest to a place, none farther than `reach` pixels; null where there is none. */
export function dotAt(dots: readonly Dot[], x: number, y: number, reach = 11): Dot | null {
  let found: Dot | null = null;
  let least = reach;
  for (const dot of dots) {
    const far = Math.hypot(dot.x - x, dot.y - y);
    if (far > least) continue;
    found = dot;
    least = far;
  }
  return found;
}

/** Which of `ticks` is nearest to `x`, none farther than `reach` pixels; -1 where there is none. */
export function tickAt(ticks: readonly Tick[], x: number, reach = Infinity): number {
  let found = -1;
  let least = reach;
  for (const [i, tick] of ticks.entries()) {
    const far = Math.abs(tick.x - x);
    if (far > least || (far === least && found !== -1)) continue;
    found = i;
    least = far;
  }
  return found;
}

/** What the chart shows, in words: candidates, then what was rejected, then test scores. */
export interface ChartRow {
  /** Null for a proposal that became no candidate. */
  candidate: string | null;
  step: number | null;
  used: number | null;
  says: string;
}

export function chartRows({ dots, rejected, tests }: Pick<Chart, 'dots' | 'rejected' | 'tests'>): ChartRow[] {
  const so = ({ best, partial, eliminated }: Dot) =>
    (best ? ' · best' : '') +
    (eliminated ? ` · left the race, beaten by ${eliminated.by}` : partial ? ' · so far' : '');
  return [
    ...dots.map((dot) => ({
      candidate: dot.id,
      step: dot.step,
      used: dot.used,
      says: percentWithInterval(dot.score, dot.n) + so(dot),
    })),
    ...rejected.map(({ step, used, reason }) => ({
      candidate: null,
      step,
      used,
      says: `rejected: ${reason}`,
    })),
    ...tests.map(({ id, score, n }) => ({
      candidate: id,
      step: null,
      used: null,
      says: `${percentWithInterval(score, n)} · test`,
    })),
  ];
}

/** Value of `axis` in what was used. Minutes are fractions. */
export function value(at: Spent, axis: Axis): number {
  if (axis === 'tokens') return at.tokens;
  if (axis === 'calls') return at.calls;
  return at.ms / 60_000;
}

/** Where a candidate stands along the axis; candidates of one step are spread over it in order of creation. */
function along(view: RunView, axis: Axis, split: 'train' | 'validation') {
  if (axis !== 'steps') return (_id: string, at: Spent) => value(at, axis);
  const order = new Map<string, number>();
  const sizes = new Map<number, number>();
  for (const [id, { candidate, tallies }] of view.candidates) {
    if (!tallies[split]) continue;
    const size = sizes.get(candidate.step) ?? 0;
    order.set(id, size);
    sizes.set(candidate.step, size + 1);
  }
  return (id: string) => {
    const step = view.candidates.get(id)?.candidate.step ?? 0;
    return step + ((order.get(id) ?? 0) + 1) / ((sizes.get(step) ?? 0) + 1);
  };
}

function ticks(
  x: { ticks(count: number): number[] },
  axis: Axis,
  width: number,
  most: number,
): readonly number[] {
  const count = Math.max(2, Math.floor(width / 110));
  if (axis !== 'steps') return most === 0 ? [] : x.ticks(count);
  const every = Math.max(1, Math.ceil(most / Math.max(4, width / 48)));
  return Array.from({ length: Math.ceil(most) }, (_, step) => step).filter((step) => step % every === 0);
}

function tests(view: RunView, y: (score: number) => number, plotRight: number): TestDot[] {
  const { result } = view;
  if (!result) return [];
  const sides =
    result.comparison === null
      ? [{ ...result.initial, best: true, where: 0.5 }]
      : [
          { ...result.initial, best: false, where: 0.32 },
          { ...result.best, best: true, where: 0.68 },
        ];
  return sides.map(({ candidate, score, best, where }) => {
    const { low, high } = scoreInterval(score, result.n);
    return {
      id: candidate,
      x: plotRight + STRIP * where,
      y: y(score),
      low: y(low),
      high: y(high),
      score,
      n: result.n,
      best,
      label: `Test score of ${candidate}: ${percentWithInterval(score, result.n)}`,
    };
  });
}

/** `12,400 tokens`, `214 target calls`, `3.4 minutes`, for the table behind the chart. */
export function usedInWords(used: number, axis: Axis): string {
  if (axis === 'minutes') return `${used.toFixed(1)} min`;
  return grouped(used);
}
