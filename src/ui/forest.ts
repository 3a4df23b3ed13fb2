import { scaleLinear } from 'd3-scale';

/** Layout of a plot with one row a setting: a dot with its interval, and a small ring for each seed. */

export interface ForestRow {
  key: string;
  label: string;
  /** `62 % [54, 69] n = 48`. */
  words: string;
  /** 0..1; null before there is one. */
  score: number | null;
  low: number;
  high: number;
  /** Scores of the single runs. */
  each: readonly number[];
}

export interface Forest {
  width: number;
  height: number;
  plot: { left: number; right: number; top: number; bottom: number };
  ticks: { x: number; label: string }[];
  rows: {
    key: string;
    label: string;
    /** The label was cut to its place. */
    cut: boolean;
    words: string;
    y: number;
    labelY: number;
    labelX: number;
    x: number | null;
    low: number;
    high: number;
    each: number[];
  }[];
  /** Where the words stand; null where they have no room. */
  wordsX: number | null;
}

/** The width of a letter of 13 px in wide system fonts. */
const LETTER = 8.2;

/** Wide: label, plot and words in one line. Narrow: the label above its row. */
export function forest(rows: readonly ForestRow[], width: number): Forest {
  const narrow = width < 520;
  const labels = narrow
    ? 0
    : Math.min(width * 0.32, Math.max(60, ...rows.map(({ label }) => label.length * LETTER)) + 16);
  const wordsWidth = width >= 700 ? 190 : 0;
  const each = narrow ? 46 : 32;
  const plot = {
    left: narrow ? 8 : labels,
    right: width - wordsWidth - 12,
    top: 8,
    bottom: 8 + rows.length * each,
  };
  const x = scaleLinear().domain([0, 1]).range([plot.left, plot.right]);
  const room = Math.floor(((narrow ? width : labels) - 16) / LETTER);
  return {
    width,
    height: plot.bottom + 28,
    plot,
    ticks: (plot.right - plot.left < 300 ? [0, 0.5, 1] : [0, 0.25, 0.5, 0.75, 1]).map((at) => ({
      x: x(at),
      label: `${at * 100} %`,
    })),
    rows: rows.map((row, i) => {
      const top = plot.top + i * each;
      const y = top + (narrow ? 32 : each / 2);
      const cut = row.label.length > room;
      return {
        key: row.key,
        label: cut ? `${row.label.slice(0, Math.max(1, room - 1))}…` : row.label,
        cut,
        words: row.words,
        y,
        labelY: narrow ? top + 15 : y + 4,
        labelX: narrow ? plot.left : plot.left - 12,
        x: row.score === null ? null : x(row.score),
        low: x(row.low),
        high: x(row.high),
        each: row.each.map((score) => x(score)),
      };
    }),
    wordsX: wordsWidth === 0 ? null : plot.right + 16,
  };
}
