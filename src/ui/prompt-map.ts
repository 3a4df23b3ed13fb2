import { principalCoordinates } from '../core/pca.ts';
import type { RunView } from './run-view.ts';
import type { Vectors } from './vectors.ts';

/** Prompts as points: the nearer two of them, the more alike what they say. */

const PAD = 30;

/** The plane is found from so many prompts, spread evenly over the run: the work grows with their cube. */
const FITTED = 40;

/** Distance of points that stand on each other and are spread. */
const STACK = 9;

/** A plane through the prompts, in which most of the distances between them are kept (principal components). */
export interface Plane {
  mean: Float64Array;
  across: Float64Array;
  up: Float64Array;
}

/**
 * The plane of `vectors`; null for none. It is turned so that the first vector lies left of the middle, and below it;
 * where it lies on the middle the point farthest from it decides.
 */
export function planeOf(vectors: readonly Float32Array[]): Plane | null {
  const first = vectors[0];
  if (first === undefined) return null;
  const fitted = evenly(vectors, FITTED);
  const mean = meanOf(fitted);
  const coordinates = principalCoordinates(fitted, 2);
  const axis = (c: number) => {
    const found = axisOf(
      fitted,
      coordinates.map((point) => point[c] ?? 0),
      mean,
    );
    const at = along(found, first, mean);
    const size = coordinates.reduce((most, point) => Math.max(most, Math.abs(point[c] ?? 0)), 0);
    return at > 1e-6 * size ? found.map((x) => -x) : found;
  };
  return { mean, across: axis(0), up: axis(1) };
}

export interface Projection {
  points: { x: number; y: number }[];
  /** Share of the differences between the prompts that the plane shows, 0..1; 1 when there are none. */
  held: number;
}

/** Where `vectors` lie in the plane, same order. */
export function project(vectors: readonly Float32Array[], { mean, across, up }: Plane): Projection {
  const points = vectors.map((vector) => ({ x: along(across, vector, mean), y: along(up, vector, mean) }));
  let all = 0;
  let shown = 0;
  for (const [i, vector] of vectors.entries()) {
    for (let k = 0; k < mean.length; k++) all += ((vector[k] ?? 0) - (mean[k] ?? 0)) ** 2;
    shown += (points[i]?.x ?? 0) ** 2 + (points[i]?.y ?? 0) ** 2;
  }
  return { points, held: all < 1e-12 ? 1 : Math.min(1, shown / all) };
}

export interface MapPoint {
  id: string;
  x: number;
  y: number;
}

/** A place that the search came to at a step. */
export interface Stop {
  candidate: string;
  step: number;
  /** It began here anew instead of going on from the stop before. */
  anew?: boolean;
}

/** The search going from one prompt to another; moves that stay are left out. */
export interface Move {
  from: MapPoint;
  to: MapPoint;
  step: number;
  anew: boolean;
}

export interface PromptMap {
  width: number;
  height: number;
  /** In order of creation; candidates without a vector are left out. */
  points: MapPoint[];
  moves: Move[];
  held: number;
  /** Candidates without a vector. */
  unplaced: number;
}

/**
 * Places every candidate whose prompt has a vector in `width` × `height` pixels of the plane, distances alike in both
 * directions; none while there is no plane. Candidates on one spot (the same words with other worked examples) are spread
 * around it.
 */
export function promptMap(
  view: Pick<RunView, 'candidates'>,
  vectors: Vectors,
  plane: Plane | null,
  path: readonly Stop[],
  width: number,
  height: number,
): PromptMap {
  const known = [...view.candidates.values()].flatMap(({ candidate }) => {
    const vector = vectors.get(candidate.prompt);
    return vector ? [{ id: candidate.id, vector }] : [];
  });
  const unplaced = view.candidates.size - known.length;
  if (plane === null) return { width, height, points: [], moves: [], held: 1, unplaced };
  const { points: flat, held } = project(
    known.map(({ vector }) => vector),
    plane,
  );
  const xs = extent(flat.map(({ x }) => x));
  const ys = extent(flat.map(({ y }) => y));
  const scale = Math.min((width - 2 * PAD) / (xs.size || 1e-9), (height - 2 * PAD) / (ys.size || 1e-9));
  const spots = new Map<string, number>();
  const points = known.map(({ id }, i): MapPoint => {
    const x = width / 2 + ((flat[i]?.x ?? 0) - xs.middle) * scale;
    const y = height / 2 - ((flat[i]?.y ?? 0) - ys.middle) * scale;
    const spot = `${Math.round(x)} ${Math.round(y)}`;
    const nth = spots.get(spot) ?? 0;
    spots.set(spot, nth + 1);
    // A sunflower's spiral: any number of points, none on another.
    const angle = nth * Math.PI * (3 - Math.sqrt(5));
    const far = STACK * Math.sqrt(nth);
    return { id, x: x + far * Math.cos(angle), y: y + far * Math.sin(angle) };
  });
  const byId = new Map(points.map((point) => [point.id, point]));
  const moves: Move[] = [];
  let from: MapPoint | undefined;
  let begun = false;
  for (const { candidate, step, anew = false } of path) {
    begun ||= anew;
    const to = byId.get(candidate);
    if (to === undefined) continue;
    if (from !== undefined && from !== to) moves.push({ from, to, step, anew: begun });
    from = to;
    begun = false;
  }
  return { width, height, points, moves, held, unplaced };
}

/**
 * An arrow bent a little to its left, so that going there and back are two lines. It ends `short` pixels before the
 * point that it leads to, where its head is.
 */
export function arrow(from: { x: number; y: number }, to: { x: number; y: number }, short = 9): string {
  const bend = {
    x: (from.x + to.x) / 2 + (to.y - from.y) * 0.12,
    y: (from.y + to.y) / 2 - (to.x - from.x) * 0.12,
  };
  const far = Math.hypot(to.x - bend.x, to.y - bend.y) || 1;
  const [ux, uy] = [(to.x - bend.x) / far, (to.y - bend.y) / far];
  const tip = { x: to.x - ux * short, y: to.y - uy * short };
  const wing = (side: number) => ({ x: tip.x - ux * 7 - uy * 4 * side, y: tip.y - uy * 7 + ux * 4 * side });
  const at = ({ x, y }: { x: number; y: number }) => `${x.toFixed(1)} ${y.toFixed(1)}`;
  return `M${at(from)}Q${at(bend)} ${at(tip)}M${at(wing(1))}L${at(tip)}L${at(wing(-1))}`;
}

/** The point nearest to a place, none farther than `reach`. */
export function nearestPoint<P extends { x: number; y: number }>(
  points: readonly P[],
  x: number,
  y: number,
  reach: number,
): P | null {
  let found: P | null = null;
  let least = reach;
  for (const point of points) {
    const far = Math.hypot(point.x - x, point.y - y);
    if (far <= least) {
      found = point;
      least = far;
    }
  }
  return found;
}

/** The nearest point in the direction of an arrow key, preferring those straight ahead; null where there is none. */
export function pointTowards<P extends { x: number; y: number }>(
  points: readonly P[],
  from: P,
  key: string,
): P | null {
  const turn: Record<string, (dx: number, dy: number) => [ahead: number, aside: number]> = {
    ArrowRight: (dx, dy) => [dx, dy],
    ArrowLeft: (dx, dy) => [-dx, dy],
    ArrowDown: (dx, dy) => [dy, dx],
    ArrowUp: (dx, dy) => [-dy, dx],
  };
  const direction = turn[key];
  if (direction === undefined) return null;
  let found: P | null = null;
  let least = Infinity;
  for (const point of points) {
    const [ahead, aside] = direction(point.x - from.x, point.y - from.y);
    if (point === from || ahead < Math.abs(aside) || ahead <= 0) continue;
    const cost = ahead + 2 * Math.abs(aside);
    if (cost < least) {
      found = point;
      least = cost;
    }
  }
  return found;
}

/** A name beside a point; `end` says that it stands left of it. */
export interface Label {
  id: string;
  text: string;
  x: number;
  y: number;
  end: boolean;
}

/** Names for as many of `wanted` (the most important first) as find room beside their point without covering another. */
export function labels(
  { points, width, height }: Pick<PromptMap, 'points' | 'width' | 'height'>,
  wanted: readonly { id: string; text: string }[],
): Label[] {
  const byId = new Map(points.map((point) => [point.id, point]));
  const taken: { left: number; right: number; top: number; bottom: number }[] = [];
  return wanted.flatMap(({ id, text }): Label[] => {
    const point = byId.get(id);
    if (point === undefined) return [];
    const wide = 7 * text.length;
    for (const end of [false, true]) {
      for (const lift of [4, -8, 16]) {
        const x = point.x + (end ? -11 : 11);
        const y = point.y + lift;
        const box = { left: end ? x - wide : x, right: end ? x : x + wide, top: y - 11, bottom: y + 3 };
        if (box.left < 0 || box.right > width || box.top < 0 || box.bottom > height) continue;
        const free = taken.every(
          (other) =>
            box.right <= other.left ||
            box.left >= other.right ||
            box.bottom <= other.top ||
            box.top >= other.bottom,
        );
        if (!free) continue;
        taken.push(box);
        return [{ id, text, x, y, end }];
      }
    }
    return [];
  });
}

function evenly<T>(all: readonly T[], most: number): readonly T[] {
  if (all.length <= most) return all;
  return Array.from({ length: most }, (_, i) => all[Math.floor((i * all.length) / most)]).filter(
    (one) => one !== undefined,
  );
}

function meanOf(vectors: readonly Float32Array[]): Float64Array {
  const mean = new Float64Array(vectors.reduce((most, vector) => Math.max(most, vector.length), 0));
  for (const vector of vectors) {
    for (let k = 0; k < mean.length; k++) mean[k] = (mean[k] ?? 0) + (vector[k] ?? 0) / vectors.length;
  }
  return mean;
}

/** The unit direction along which the fitted vectors have these coordinates; zero when all of them are 0. */
function axisOf(
  vectors: readonly Float32Array[],
  coordinates: readonly number[],
  mean: Float64Array,
): Float64Array {
  const axis = new Float64Array(mean.length);
  for (const [i, vector] of vectors.entries()) {
    const share = coordinates[i] ?? 0;
    for (let k = 0; k < axis.length; k++) {
      axis[k] = (axis[k] ?? 0) + share * ((vector[k] ?? 0) - (mean[k] ?? 0));
    }
  }
  const length = Math.hypot(...axis);
  return length === 0 ? axis : axis.map((x) => x / length);
}

function along(axis: Float64Array, vector: Float32Array, mean: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < axis.length; k++) sum += (axis[k] ?? 0) * ((vector[k] ?? 0) - (mean[k] ?? 0));
  return sum;
}

function extent(values: readonly number[]): { middle: number; size: number } {
  const low = values.reduce((least, value) => Math.min(least, value), Infinity);
  const high = values.reduce((most, value) => Math.max(most, value), -Infinity);
  return values.length === 0 ? { middle: 0, size: 0 } : { middle: (low + high) / 2, size: high - low };
}
