import { scaleLinear } from 'd3-scale';
import { line } from 'd3-shape';
import type { RestartSource } from '../core/events.ts';
import { descents, lowest, measuredWords, sources } from './gradient-view.ts';
import type { GradientView } from './run-view.ts';

interface Plot {
  top: number;
  bottom: number;
  ticks: { y: number; label: string }[];
}

export interface GradientPoint {
  /** Among all measurements. */
  index: number;
  x: number;
  loss: number;
  /** Of the nearest words as a text; null when they were not measured. */
  projected: number | null;
  accuracy: number | null;
  projectedAccuracy: number | null;
  lowest: boolean;
  label: string;
}

export interface RestartMark {
  id: number;
  x: number;
  /** Where its own text or vector stands, before the first step. */
  loss: number;
  accuracy: number | null;
  source: RestartSource;
  /** As much of number and source as there is room for; empty for the beginning, and where there is no room. */
  flag: string;
  label: string;
}

export interface GradientChart {
  width: number;
  height: number;
  left: number;
  right: number;
  loss: Plot;
  /** Null where answers are free, so that none is right or wrong. */
  accuracy: Plot | null;
  xTicks: { x: number; label: string }[];
  /** `gradient step`, or `restart` in a run that makes no gradient steps. */
  along: 'gradient step' | 'restart';
  /** Lines of one descent; null where there are fewer than two points. */
  lines: {
    id: number;
    loss: string | null;
    train: string | null;
    projected: string | null;
    accuracy: string | null;
    projectedAccuracy: string | null;
  }[];
  points: GradientPoint[];
  restarts: RestartMark[];
  undone: { x: number; reason: string }[];
  /** Height of the loss where the search began; null before. */
  initial: number | null;
}

const GAP = 34;
/** Pixels of one letter of a flag. */
const LETTER = 6.4;

/** Lays the descents out in `width` × `height` pixels: loss above, accuracy below, over gradient steps. */
export function gradientChart(gradient: GradientView, width: number, height: number): GradientChart {
  const { tuned, restarts, rolledBack } = gradient;
  const left = 46;
  const right = width - 12;
  const measured = [
    ...tuned.flatMap(({ validation, projected }) => [validation, ...(projected ? [projected] : [])]),
    ...restarts,
  ];
  const judged = measured.some(({ accuracy }) => accuracy !== null);
  const inside = { top: 34, bottom: height - 36 };
  const middle = judged ? Math.round(inside.top + (inside.bottom - inside.top - GAP) * 0.6) : inside.bottom;
  const losses = [...measured.map(({ loss }) => loss), ...tuned.map(({ loss }) => loss ?? NaN)].filter(
    Number.isFinite,
  );
  const [least, most] = losses.length > 0 ? [Math.min(...losses), Math.max(...losses)] : [0, 1];
  const yLoss = scaleLinear()
    .domain(least === most ? [least - 0.5, most + 0.5] : [least, most])
    .range([middle, inside.top])
    .nice(4);
  const yAccuracy = scaleLinear()
    .domain([0, 1])
    .range([inside.bottom, middle + GAP]);
  // A loss that is no number stands at the upper edge.
  const lossAt = (loss: number) => (Number.isFinite(loss) ? yLoss(loss) : inside.top);
  const accuracyAt = (accuracy: number | null) => (accuracy === null ? null : yAccuracy(accuracy));

  const steps = Math.max(0, ...[...tuned, ...restarts, ...rolledBack].map((one) => one.gradientStep));
  const byRestart = steps === 0 && restarts.length > 1;
  const x = scaleLinear()
    .domain([0, byRestart ? restarts.length - 1 : Math.max(1, steps)])
    .range([left + 6, right]);
  const place = ({ gradientStep, id }: { gradientStep: number; id: number }) =>
    x(byRestart ? id : gradientStep);

  const best = lowest(tuned);
  const points = tuned.map((one, index): GradientPoint => {
    const { gradientStep, validation, projected, restart } = one;
    return {
      index,
      x: place({ gradientStep, id: restart }),
      loss: lossAt(validation.loss),
      projected: projected ? lossAt(projected.loss) : null,
      accuracy: accuracyAt(validation.accuracy),
      projectedAccuracy: accuracyAt(projected?.accuracy ?? null),
      lowest: index === best,
      label: `Gradient step ${gradientStep}: ${measuredWords(validation)}${index === best ? ', the lowest loss' : ''}`,
    };
  });
  const lines = descents(gradient).map(({ id }) => {
    const own = points.filter(({ index }) => tuned[index]?.restart === id);
    const path = (at: (point: GradientPoint) => number | null) =>
      through(own.flatMap((point) => pair(point.x, at(point))));
    const train = (point: GradientPoint) => {
      const loss = tuned[point.index]?.loss ?? null;
      return loss === null ? null : lossAt(loss);
    };
    return {
      id,
      loss: path((point) => point.loss),
      train: path(train),
      projected: path((point) => point.projected),
      accuracy: path((point) => point.accuracy),
      projectedAccuracy: path((point) => point.projectedAccuracy),
    };
  });
  const marks = restarts.map((one): RestartMark => {
    const text = one.text === '' ? '' : `: ${one.text}`;
    return {
      id: one.id,
      x: place(one),
      loss: lossAt(one.loss),
      accuracy: accuracyAt(one.accuracy),
      source: one.source,
      flag: '',
      label: `${one.id === 0 ? 'Beginning' : `Restart ${one.id} by ${sources[one.source]}`} at gradient step ${one.gradientStep}, ${measuredWords(one)}${text}`,
    };
  });
  const count = Math.max(2, Math.floor(width / 90));
  return {
    width,
    height,
    left,
    right,
    loss: {
      top: inside.top,
      bottom: middle,
      ticks: yLoss.ticks(4).map((at) => ({ y: yLoss(at), label: yLoss.tickFormat(4)(at) })),
    },
    accuracy: judged
      ? {
          top: middle + GAP,
          bottom: inside.bottom,
          ticks: [0, 0.5, 1].map((at) => ({ y: yAccuracy(at), label: `${at * 100} %` })),
        }
      : null,
    xTicks: x
      .ticks(count)
      .filter(Number.isInteger)
      .map((at) => ({ x: x(at), label: String(at) })),
    along: byRestart ? 'restart' : 'gradient step',
    lines,
    points,
    restarts: marks.map((mark, i) => ({ ...mark, flag: flagOf(mark, marks[i + 1]?.x ?? right) })),
    undone: rolledBack.map(({ gradientStep, reason }) => ({ x: x(gradientStep), reason })),
    initial: marks[0]?.loss ?? null,
  };
}

/** Number and source, the number alone, or nothing, as fits before the next flag. */
function flagOf({ id, source, x }: RestartMark, until: number): string {
  if (id === 0) return '';
  const room = (until - x - 8) / LETTER;
  const whole = `${id} ${sources[source]}`;
  if (whole.length <= room) return whole;
  return String(id).length <= room ? String(id) : '';
}

const pair = (x: number, y: number | null): { x: number; y: number }[] => (y === null ? [] : [{ x, y }]);

function through(points: readonly { x: number; y: number }[]): string | null {
  if (points.length < 2) return null;
  return line<{ x: number; y: number }>(
    (point) => point.x,
    (point) => point.y,
  )([...points]);
}
