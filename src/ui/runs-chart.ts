import { scaleLinear } from 'd3-scale';
import { curveStepAfter, line } from 'd3-shape';
import { short } from './format.ts';
import { curveOf, type Budgeted, type Side } from './side-by-side.ts';

/** Layout of several runs' best scores against one budget. */

export interface RunLine {
  id: string;
  letter: string;
  path: string;
  /** Where the search ended. */
  end: { x: number; y: number };
  /** Where its letter stands, pushed apart from others. */
  labelY: number;
}

export interface RunsChart {
  width: number;
  height: number;
  plot: { left: number; right: number; top: number; bottom: number };
  xTicks: { x: number; label: string }[];
  yTicks: { y: number; label: string }[];
  lines: RunLine[];
  /** What the letters stand for, below the plot: a drawing that is saved stands alone. */
  legend: { letter: string; name: string; cut: boolean; y: number }[];
}

const LETTER_HEIGHT = 15;
const LEGEND_ROW = 18;
/** Pixels that a character takes, about. */
const CHARACTER = 7;

export function runsChart(sides: readonly Side[], axis: Budgeted, width: number, height: number): RunsChart {
  const plot = { left: 44, right: width - 28, top: 12, bottom: height - 40 };
  const curves = sides.map(({ view }) => curveOf(view, axis));
  const most = Math.max(0, ...curves.map(({ end }) => end));
  const x = scaleLinear()
    .domain([0, most || 1])
    .range([plot.left, plot.right])
    .nice(5);
  const y = scaleLinear().domain([0, 1]).range([plot.bottom, plot.top]);
  const path = line<{ at: number; score: number }>()
    .x(({ at }) => x(at))
    .y(({ score }) => y(score))
    .curve(curveStepAfter);
  const lines = sides.flatMap(({ id, letter }, i): RunLine[] => {
    const curve = curves[i];
    const last = curve?.rises.at(-1);
    if (curve === undefined || last === undefined) return [];
    const points = [...curve.rises, { at: curve.end, score: last.score }];
    const end = { x: x(curve.end), y: y(last.score) };
    return [{ id, letter, path: path(points) ?? '', end, labelY: end.y }];
  });
  // From the top down, each letter at least its height below those that end near it.
  const placed: RunLine[] = [];
  for (const one of lines.toSorted((a, b) => a.end.y - b.end.y)) {
    const near = placed.filter(({ end }) => Math.abs(end.x - one.end.x) < LETTER_HEIGHT);
    one.labelY = Math.max(one.end.y, ...near.map(({ labelY }) => labelY + LETTER_HEIGHT));
    placed.push(one);
  }
  const room = Math.floor((width - plot.left) / CHARACTER);
  return {
    width,
    height: height + sides.length * LEGEND_ROW + 8,
    plot,
    legend: sides.map(({ letter, name }, i) => ({
      letter,
      name: name.length > room ? `${name.slice(0, room - 1)}…` : name,
      cut: name.length > room,
      y: height + 12 + i * LEGEND_ROW,
    })),
    xTicks:
      most === 0
        ? []
        : x.ticks(Math.max(2, Math.floor(width / 110))).map((at) => ({
            x: x(at),
            label: axis === 'minutes' ? String(at) : short(at),
          })),
    yTicks: [0, 0.25, 0.5, 0.75, 1].map((at) => ({ y: y(at), label: `${at * 100} %` })),
    lines,
  };
}
