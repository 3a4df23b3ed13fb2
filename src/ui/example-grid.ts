import type { Answer } from '../core/events.ts';
import type { SplitName } from '../core/task.ts';
import { verdict } from './answers.ts';
import type { RunView } from './run-view.ts';

/** Examples against candidates: who answers what rightly, and which examples tell candidates apart. */

export type RowOrder = 'disagreement' | 'asked';

export interface GridRow {
  example: string;
  /** Candidates that answered it, how many of them rightly, and their mean score. */
  asked: number;
  right: number;
  mean: number;
  /** Variance of the scores; 0 when all agree, at most 0.25. */
  spread: number;
  /** Same order as the columns; null where this candidate was not asked. */
  answers: (Answer | null)[];
}

export interface ExampleGrid {
  split: SplitName;
  /** Candidates with an answer on this split, in order of creation. */
  columns: string[];
  rows: GridRow[];
  /** Examples on which candidates disagree, and those that all answer rightly, or all wrongly. */
  decide: number;
  allRight: number;
  allWrong: number;
}

/**
 * Every example of `split` that was asked, the one on which candidates disagree most first; of equals the earlier.
 * An example that one candidate alone answered disagrees with nothing.
 */
export function exampleGrid(view: RunView, split: SplitName, order: RowOrder = 'disagreement'): ExampleGrid {
  return growingGrid()(view, split, order);
}

/**
 * The same for a run that grows: each call reads the answers that have come since the one before, and all of them anew
 * where the view is not a later one. A grid that was handed out keeps its rows, save their `answers`.
 */
export function growingGrid(): typeof exampleGrid {
  let of: SplitName | null = null;
  let read = 0;
  let last: Answer | undefined;
  /** Places of candidates in the view's order. */
  let created = new Map<string, number>();
  /** By creation, with that place. */
  let columns: { id: string; created: number }[] = [];
  let places = new Map<string, number>();
  let rows = new Map<string, Sums>();
  /** What was handed out of each row. */
  let shown = new Map<string, GridRow>();

  /** The column of a candidate, made where its order of creation puts it; -1 for an unknown one. */
  function columnOf(view: RunView, id: string): number {
    const known = places.get(id);
    if (known !== undefined) return known;
    if (created.size < view.candidates.size)
      created = new Map([...view.candidates.keys()].map((one, i) => [one, i]));
    const place = created.get(id);
    if (place === undefined) return -1;
    const at = columns.findLastIndex((column) => column.created < place) + 1;
    if (at === columns.length) {
      columns.push({ id, created: place });
      for (const { answers } of rows.values()) answers.push(null);
      places.set(id, at);
    } else {
      columns.splice(at, 0, { id, created: place });
      for (const { answers } of rows.values()) answers.splice(at, 0, null);
      places = new Map(columns.map((column, i) => [column.id, i]));
    }
    return at;
  }

  return (view, split, order = 'disagreement') => {
    if (of !== split || view.answers[read - 1] !== last) {
      of = split;
      read = 0;
      created = new Map();
      columns = [];
      places = new Map();
      rows = new Map();
      shown = new Map();
    }
    const touched = new Set<Sums>();
    let candidate: string | null = null;
    let column = -1;
    for (; read < view.answers.length; read++) {
      const answer = view.answers[read];
      if (answer === undefined || answer.split !== split) continue;
      // Answers come candidate by candidate.
      if (answer.candidate !== candidate) column = columnOf(view, (candidate = answer.candidate));
      if (column === -1) continue;
      let row = rows.get(answer.example);
      if (row === undefined) {
        const answers = new Array<Answer | null>(columns.length).fill(null);
        row = { example: answer.example, asked: 0, right: 0, sum: 0, middle: 0, squares: 0, answers };
        rows.set(answer.example, row);
      }
      const before = row.answers[column];
      row.answers[column] = answer;
      if (before) summarize(row);
      else count(row, answer);
      touched.add(row);
    }
    last = view.answers[read - 1];
    for (const row of touched) shown.set(row.example, gridRow(row));
    const all = [...shown.values()];
    if (order === 'disagreement') all.sort((a, b) => b.spread - a.spread);
    return {
      split,
      columns: columns.map(({ id }) => id),
      rows: all,
      decide: all.filter((row) => row.spread > 0).length,
      allRight: all.filter((row) => row.right === row.asked).length,
      allWrong: all.filter((row) => row.mean === 0).length,
    };
  };
}

/** A row that still grows; `squares` are those of the distances from `middle`, the mean but for its rounding. */
interface Sums extends Omit<GridRow, 'mean' | 'spread'> {
  sum: number;
  middle: number;
  squares: number;
}

/** Takes one more answer in (Welford's way: equal scores have no spread at all). */
function count(row: Sums, { score }: Answer): void {
  row.asked += 1;
  if (score >= 1) row.right += 1;
  row.sum += score;
  const away = score - row.middle;
  row.middle += away / row.asked;
  row.squares += away * (score - row.middle);
}

/** Counts the whole row anew. */
function summarize(row: Sums): void {
  Object.assign(row, { asked: 0, right: 0, sum: 0, middle: 0, squares: 0 });
  for (const answer of row.answers) if (answer) count(row, answer);
}

function gridRow({ example, asked, right, sum, squares, answers }: Sums): GridRow {
  const spread = squares / asked;
  return { example, asked, right, mean: sum / asked, spread: spread < 1e-12 ? 0 : spread, answers };
}

/** Sizes in pixels. */
export const ROW_HEIGHT = 20;
export const HEAD = 44;
export const GUTTER = 74;

/** Wide enough to fill `width` with few candidates, never too narrow to hit. */
export function cellWidth(columns: number, width: number): number {
  return Math.max(16, Math.min(44, Math.floor((width - GUTTER) / Math.max(1, columns))));
}

/** Rows and columns that are in view; the last ones are not included. */
export interface Window {
  firstRow: number;
  lastRow: number;
  firstColumn: number;
  lastColumn: number;
}

/** What a box of this size shows when scrolled so far; cells that are cut count. */
export function windowOf(
  grid: Pick<ExampleGrid, 'rows' | 'columns'>,
  cell: number,
  box: { left: number; top: number; width: number; height: number },
): Window {
  const within = (value: number, most: number) => Math.max(0, Math.min(most, value));
  return {
    firstRow: within(Math.floor(box.top / ROW_HEIGHT), grid.rows.length),
    lastRow: within(Math.ceil((box.top + box.height - HEAD) / ROW_HEIGHT), grid.rows.length),
    firstColumn: within(Math.floor(box.left / cell), grid.columns.length),
    lastColumn: within(Math.ceil((box.left + box.width - GUTTER) / cell), grid.columns.length),
  };
}

/** Outlines of the cells in view, one path a kind; `partly` by tenths of the score. Pixels from the first cell. */
export interface Cells {
  right: string;
  wrong: string;
  unreadable: string;
  refused: string;
  partly: Map<number, string>;
}

/** Draws the window's cells: a filled box for right, a cross for wrong, a question mark, a slashed ring. */
export function cells(grid: ExampleGrid, cell: number, window: Window): Cells {
  const drawn: Cells = { right: '', wrong: '', unreadable: '', refused: '', partly: new Map() };
  for (let r = window.firstRow; r < window.lastRow; r++) {
    const answers = grid.rows[r]?.answers ?? [];
    for (let c = window.firstColumn; c < window.lastColumn; c++) {
      const answer = answers[c];
      if (!answer) continue;
      const x = c * cell;
      const y = r * ROW_HEIGHT;
      const box = `M${x + 1} ${y + 1}h${cell - 2}v${ROW_HEIGHT - 2}h${2 - cell}z`;
      const [mx, my] = [x + cell / 2, y + ROW_HEIGHT / 2];
      switch (verdict(answer)) {
        case 'right':
          drawn.right += box;
          break;
        case 'wrong':
          drawn.wrong += `M${mx - 3} ${my - 3}l6 6m0 -6l-6 6`;
          break;
        case 'unreadable':
          drawn.unreadable += `M${mx - 3} ${my - 3}a3 3 0 1 1 4.5 2.6q-1.5 .9 -1.5 2.4m0 2.6v.6`;
          break;
        case 'refused':
          drawn.refused += `M${mx - 4} ${my}a4 4 0 1 1 8 0a4 4 0 1 1 -8 0m1.2 2.8l5.6 -5.6`;
          break;
        case 'partly': {
          const tenth = tenthOf(answer.score);
          drawn.partly.set(tenth, (drawn.partly.get(tenth) ?? '') + box);
          break;
        }
      }
    }
  }
  return drawn;
}

/** 1..9: a score between 0 and 1 is never shown as either. */
function tenthOf(score: number): number {
  return Math.max(1, Math.min(9, Math.round(score * 10)));
}

/** Where a key leads from a cell; the cell itself at an edge, null for other keys. */
export function moved(
  { row, column }: { row: number; column: number },
  key: string,
  whole: boolean,
  rows: number,
  columns: number,
  page: number,
): { row: number; column: number } | null {
  const place = (r: number, c: number) => ({
    row: Math.max(0, Math.min(rows - 1, r)),
    column: Math.max(0, Math.min(columns - 1, c)),
  });
  switch (key) {
    case 'ArrowUp':
      return place(row - 1, column);
    case 'ArrowDown':
      return place(row + 1, column);
    case 'ArrowLeft':
      return place(row, column - 1);
    case 'ArrowRight':
      return place(row, column + 1);
    case 'PageUp':
      return place(row - page, column);
    case 'PageDown':
      return place(row + page, column);
    case 'Home':
      return place(whole ? 0 : row, 0);
    case 'End':
      return place(whole ? rows - 1 : row, columns - 1);
    default:
      return null;
  }
}
