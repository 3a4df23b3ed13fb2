import type { Candidate } from '../core/candidate.ts';

/** Candidates from top to bottom in the order of steps, each below all that it was made from. */

export const NODE = { width: 84, height: 28, gap: 6 } as const;

/** Left of the nodes, for the number of the step. */
const GUTTER = 40;
const ROW = 52;
const PAD = 8;

/**
 * - `all`     every candidate
 * - `parents` those that others were made from, and those to keep
 * - `keep`    those to keep and what they descend from
 */
export type Fold = 'all' | 'parents' | 'keep';

export interface LineageNode {
  id: string;
  /** Centre. */
  x: number;
  y: number;
  row: number;
}

export interface LineageEdge {
  from: LineageNode;
  to: LineageNode;
  /** From the first parent, against which changes are measured. */
  first: boolean;
}

export interface LineageStep {
  step: number;
  /** From the upper edge of its first row, and how far down it reaches. */
  y: number;
  height: number;
  /** Candidates of this step that are not drawn. */
  folded: number;
}

export interface Lineage {
  width: number;
  height: number;
  nodes: LineageNode[];
  edges: LineageEdge[];
  steps: LineageStep[];
}

/**
 * Lays `candidates` (in order of creation) out in `width` pixels, as many rows as it takes. Parents that are not known
 * or come later are left out, so every edge goes down. A step with more candidates than fit beside each other takes
 * several rows; a candidate made from one of its own step stands in a later row of that step.
 */
export function lineage(
  candidates: readonly Candidate[],
  width: number,
  fold: Fold = 'all',
  keep: ReadonlySet<string> = new Set(),
): Lineage {
  const parents = parentsOf(candidates);
  const drawn = drawnOf(candidates, parents, fold, keep);
  const left = GUTTER + NODE.width / 2;
  const room = Math.max(0, width - GUTTER - NODE.width - 2);
  const across = Math.floor(room / (NODE.width + NODE.gap)) + 1;

  const nodes: LineageNode[] = [];
  const byId = new Map<string, LineageNode>();
  const steps: LineageStep[] = [];
  let y = PAD;
  let row = 0;
  for (const { step, depths } of bands(candidates, parents)) {
    const top = y;
    let folded = 0;
    for (const ids of depths) {
      const here = ids.filter((id) => drawn.has(id));
      folded += ids.length - here.length;
      // Rows of about equal length.
      const most = Math.ceil(here.length / Math.max(1, Math.ceil(here.length / across)));
      for (let from = 0; from < here.length; from += most) {
        const placed = inRow(here.slice(from, from + most), (id) => {
          const above = (parents.get(id) ?? []).flatMap((parent) => byId.get(parent) ?? []);
          const mean = above.reduce((sum, node) => sum + node.x, 0) / above.length;
          return above.length === 0 ? room / 2 : mean - left;
        });
        for (const [id, x] of spread(placed, NODE.width + NODE.gap, room)) {
          const node = { id, x: left + x, y: y + NODE.height / 2, row };
          nodes.push(node);
          byId.set(id, node);
        }
        y += ROW;
        row += 1;
      }
    }
    const height = y > top ? y - top - (ROW - NODE.height) : NODE.height - PAD;
    // A step whose candidates are all folded still says so.
    if (y === top) y += NODE.height;
    steps.push({ step, y: top, height, folded });
  }

  const edges = nodes.flatMap((to) =>
    (parents.get(to.id) ?? []).flatMap((parent, i): LineageEdge[] => {
      const from = byId.get(parent);
      return from ? [{ from, to, first: i === 0 }] : [];
    }),
  );
  return { width, height: y + PAD, nodes, edges, steps };
}

/**
 * What there is to draw from `top` down to `bottom`: nodes and steps that reach into it, and edges with an end there.
 * An edge that only passes by says nothing where neither end is seen, and some methods have ten thousand of them.
 * Nodes in `always` are drawn wherever they are: what has the keyboard's focus must not go away.
 */
export function inView(
  { nodes, edges, steps }: Pick<Lineage, 'nodes' | 'edges' | 'steps'>,
  top: number,
  bottom: number,
  always: ReadonlySet<string> = new Set(),
): Pick<Lineage, 'nodes' | 'edges' | 'steps'> {
  const reaches = ({ y }: LineageNode) => y + NODE.height / 2 >= top && y - NODE.height / 2 <= bottom;
  return {
    nodes: nodes.filter((node) => reaches(node) || always.has(node.id)),
    edges: edges.filter(({ from, to }) => reaches(from) || reaches(to)),
    steps: steps.filter(({ y, height }) => y + height >= top && y - NODE.height <= bottom),
  };
}

/**
 * Edges that look alike as one outline each, `look` naming how: `other` where it is not from the first parent, and what
 * `lookOf` adds, the least first. Those with more to say come later and so lie on top.
 */
export function strokes(
  edges: readonly LineageEdge[],
  lookOf: (from: string, to: string) => readonly string[],
): { look: string; path: string }[] {
  const drawn = new Map<string, { rank: number; path: string }>();
  for (const { from, to, first } of edges) {
    const words = [first ? '' : 'other', ...lookOf(from.id, to.id)];
    const look = words.filter((word) => word !== '').join(' ');
    const rank = words.reduce((sum, word, i) => sum + (i > 0 && word !== '' ? 2 ** i : 0), 0);
    drawn.set(look, { rank, path: (drawn.get(look)?.path ?? '') + edgePath(from, to) });
  }
  return [...drawn].toSorted(([, a], [, b]) => a.rank - b.rank).map(([look, { path }]) => ({ look, path }));
}

/** Everything that `id` descends from, itself first. */
export function ancestors(
  candidates: ReadonlyMap<string, { candidate: Candidate }>,
  id: string,
): Set<string> {
  const found = new Set<string>();
  const open = [id];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const candidate = candidates.get(next)?.candidate;
    if (candidate === undefined || found.has(next)) continue;
    found.add(next);
    open.push(...candidate.parents);
  }
  return found;
}

/** The node that an arrow key leads to; null at an end. Up and down go along edges where there are any. */
export function neighbour(
  { nodes, edges }: Pick<Lineage, 'nodes' | 'edges'>,
  id: string,
  key: string,
): string | null {
  const at = nodes.findIndex((node) => node.id === id);
  const here = nodes[at];
  if (here === undefined) return null;
  const find = (row: number) =>
    nodes
      .filter((node) => node.row === row)
      .toSorted((a, b) => Math.abs(a.x - here.x) - Math.abs(b.x - here.x))[0]?.id ?? null;
  switch (key) {
    case 'ArrowUp':
      return edges.find(({ to, first }) => to === here && first)?.from.id ?? find(here.row - 1);
    case 'ArrowDown':
      return edges.find(({ from }) => from === here)?.to.id ?? find(here.row + 1);
    case 'ArrowLeft':
      return nodes[at - 1]?.id ?? null;
    case 'ArrowRight':
      return nodes[at + 1]?.id ?? null;
    case 'Home':
      return nodes[0]?.id ?? null;
    case 'End':
      return nodes.at(-1)?.id ?? null;
    default:
      return null;
  }
}

/** Known parents that come earlier, each once. */
function parentsOf(candidates: readonly Candidate[]): Map<string, string[]> {
  const parents = new Map<string, string[]>();
  for (const { id, parents: named } of candidates) {
    parents.set(
      id,
      [...new Set(named)].filter((parent) => parents.has(parent)),
    );
  }
  return parents;
}

function drawnOf(
  candidates: readonly Candidate[],
  parents: ReadonlyMap<string, readonly string[]>,
  fold: Fold,
  keep: ReadonlySet<string>,
): ReadonlySet<string> {
  if (fold === 'all') return new Set(parents.keys());
  const drawn = new Set(candidates.flatMap(({ id }) => (keep.has(id) ? [id] : [])));
  if (fold === 'parents') for (const all of parents.values()) for (const id of all) drawn.add(id);
  // From the latest to the first: what a drawn one was made from is drawn too.
  for (const { id } of candidates.toReversed()) {
    if (drawn.has(id)) for (const parent of parents.get(id) ?? []) drawn.add(parent);
  }
  return drawn;
}

/** Candidates by step, and within a step by how often one was made from another of the same step. */
function bands(
  candidates: readonly Candidate[],
  parents: ReadonlyMap<string, readonly string[]>,
): { step: number; depths: string[][] }[] {
  const where = new Map<string, { step: number; depth: number }>();
  const steps = new Map<number, string[][]>();
  for (const { id, step: own } of candidates) {
    let step = own;
    let depth = 0;
    for (const parent of parents.get(id) ?? []) {
      const above = where.get(parent);
      if (above === undefined || above.step < step) continue;
      depth = above.step > step ? above.depth + 1 : Math.max(depth, above.depth + 1);
      step = above.step;
    }
    where.set(id, { step, depth });
    const depths = steps.get(step) ?? [];
    steps.set(step, depths);
    while (depths.length <= depth) depths.push([]);
    depths[depth]?.push(id);
  }
  return [...steps].map(([step, depths]) => ({ step, depths })).toSorted((a, b) => a.step - b.step);
}

/** Those of one row from left to right by where they would like to stand; ties in order of creation. */
function inRow(ids: readonly string[], wish: (id: string) => number): [id: string, x: number][] {
  return ids.map((id): [string, number] => [id, wish(id)]).toSorted((a, b) => a[1] - b[1]);
}

/**
 * As near to their wishes as they can stand `apart` from each other within 0 to `room` (least squares: wishes less
 * their even spacing must not fall, so neighbours that would are pooled at their mean).
 */
function spread(placed: readonly [id: string, x: number][], apart: number, room: number): [string, number][] {
  const pools: { sum: number; count: number }[] = [];
  for (const [i, [, x]] of placed.entries()) {
    let pool = { sum: x - i * apart, count: 1 };
    for (
      let last = pools.at(-1);
      last && last.sum / last.count > pool.sum / pool.count;
      last = pools.at(-1)
    ) {
      pool = { sum: pool.sum + last.sum, count: pool.count + last.count };
      pools.pop();
    }
    pools.push(pool);
  }
  const most = room - (placed.length - 1) * apart;
  const means = pools.flatMap(({ sum, count }) => Array.from({ length: count }, () => sum / count));
  return placed.map(([id], i) => [id, Math.max(0, Math.min(most, means[i] ?? 0)) + i * apart]);
}

/** From the lower edge of one node to the upper edge of another, bent to leave and arrive straight. */
export function edgePath(from: LineageNode, to: LineageNode): string {
  const start = from.y + NODE.height / 2;
  const end = to.y - NODE.height / 2;
  const bend = Math.min(ROW, (end - start) / 2);
  const at = (x: number, y: number) => `${round(x)} ${round(y)}`;
  return `M${at(from.x, start)}C${at(from.x, start + bend)} ${at(to.x, end - bend)} ${at(to.x, end)}`;
}

const round = (value: number) => Math.round(value * 10) / 10;
