/**
 * Several examples as one sequence: what their beginnings have in common stands in it once. Each row follows its parent,
 * so the rows are a tree in the order of depth-first insertion, and a row looks at its ancestors and itself only.
 */

/** A token of the vocabulary, or `virtual(i)` for row i of the soft prompt. */
export type Unit = number;

export const virtual = (row: number): Unit => -1 - row;
/** Row of the soft prompt that a unit stands for; null for a token. */
export const virtualRow = (unit: Unit): number | null => (unit < 0 ? -1 - unit : null);

/** One example in tokens: its context up to where the answer begins, and the answers that may follow. */
export interface Sequence {
  context: readonly Unit[];
  /** None empty. A single one is a free answer. */
  options: readonly (readonly number[])[];
}

/** The model's output at `row` is asked how likely `token` comes next. */
export interface Guess {
  row: number;
  token: number;
  /**
   * Whether the whole vocabulary counts. The first tokens of several options compete at the same row, so what is common
   * to them falls out, and their own rows of the vocabulary are enough.
   */
  whole: boolean;
}

export interface Pack {
  /** What stands in each row; rows that only fill up are token 0. */
  units: Int32Array;
  /** Of each row, tokens before it in its own sequence. */
  positions: Int32Array;
  /** Row of the token before; -1 for a first token. */
  parents: Int32Array;
  /** Rows that carry something. */
  used: number;
  /** Of each sequence, of each option: the guesses whose log-probabilities add up to the option's. */
  guesses: Guess[][][];
}

/**
 * Rows are filled up to one of these, beyond them to a multiple of 128: each size is compiled by itself, and WASM gives
 * the memory of one size to no other.
 */
const SIZES = [32, 64, 96, 128, 192, 256];
const sizeFor = (used: number) => SIZES.find((size) => size >= used) ?? Math.ceil(used / 128) * 128;

/** Puts sequences into as few packs as hold them within `limit` rows; one that is longer gets a pack of its own. */
export function packAll(sequences: readonly Sequence[], limit: number): { pack: Pack; first: number }[] {
  const packs: { pack: Pack; first: number }[] = [];
  let tree = makeTree();
  let guesses: Guess[][][] = [];
  let first = 0;
  const close = (next: number) => {
    if (guesses.length > 0) packs.push({ pack: finish(tree, guesses), first });
    [tree, guesses, first] = [makeTree(), [], next];
  };
  sequences.forEach((sequence, i) => {
    if (guesses.length > 0 && tree.size() + tree.missing(sequence) > limit) close(i);
    guesses.push(tree.add(sequence));
  });
  close(sequences.length);
  return packs;
}

/** Rows that a sequence needs by itself. */
export function rowsOf({ context, options }: Sequence): number {
  return options.reduce((sum, option) => sum + option.length - 1, context.length);
}

/** `[rows, rows]`: 0 where the unit of the column looks at that of the row, -1e9 elsewhere. */
export function maskOf({ parents }: Pack): Float32Array<ArrayBuffer> {
  const rows = parents.length;
  const mask = new Float32Array(rows * rows).fill(-1e9);
  for (let unit = 0; unit < rows; unit++) {
    for (let seen = unit; seen >= 0; seen = parents[seen] ?? -1) mask[seen * rows + unit] = 0;
  }
  return mask;
}

function makeTree() {
  const units: Unit[] = [];
  const parents: number[] = [];
  const positions: number[] = [];
  const children: Map<Unit, number>[] = [];
  const roots = new Map<Unit, number>();

  const below = (row: number) => (row < 0 ? roots : (children[row] ?? roots));
  /** The row of a unit after `parent`, new or shared. */
  function follow(parent: number, unit: Unit): number {
    const known = below(parent).get(unit);
    if (known !== undefined) return known;
    const row = units.push(unit) - 1;
    parents.push(parent);
    positions.push(parent < 0 ? 0 : (positions[parent] ?? 0) + 1);
    children.push(new Map());
    below(parent).set(unit, row);
    return row;
  }

  return {
    units,
    parents,
    positions,
    size: () => units.length,
    /** At most so many rows would be added. */
    missing(sequence: Sequence): number {
      let row = -1;
      let shared = 0;
      for (const unit of sequence.context) {
        const next = below(row).get(unit);
        if (next === undefined) break;
        row = next;
        shared++;
      }
      return rowsOf(sequence) - shared;
    },
    add({ context, options }: Sequence): Guess[][] {
      let last = -1;
      for (const unit of context) last = follow(last, unit);
      return options.map((option) => {
        let row = last;
        return option.map((token, i) => {
          if (i > 0) row = follow(row, option[i - 1] ?? 0);
          return { row, token, whole: i > 0 || options.length === 1 };
        });
      });
    },
  };
}

function finish(tree: ReturnType<typeof makeTree>, guesses: Guess[][][]): Pack {
  const used = tree.size();
  const rows = sizeFor(used);
  const filled = (values: readonly number[], rest: number) =>
    Int32Array.from({ length: rows }, (_, row) => values[row] ?? rest);
  return {
    units: filled(tree.units, 0),
    positions: filled(tree.positions, 0),
    parents: filled(tree.parents, -1),
    used,
    guesses,
  };
}
