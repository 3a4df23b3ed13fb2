/** Layout of mean ranks as bars, the best on top, with the least difference that shows something. */

export interface RankChart {
  width: number;
  height: number;
  bars: { name: string; cut: boolean; rank: string; y: number; width: number; rankX: number }[];
  /** The critical difference as a line of its length; null where it is not known. */
  critical: { y: number; width: number; words: string } | null;
}

const ROW = 40;
const RANK_WIDTH = 44;
/** Pixels that a character takes, about. */
const CHARACTER = 7;

export function rankChart(
  items: readonly { name: string; rank: number }[],
  critical: number | null,
  width: number,
): RankChart {
  const unit = (width - RANK_WIDTH) / Math.max(1, items.length);
  const room = Math.floor(width / CHARACTER);
  const bottom = items.length * ROW;
  return {
    width,
    height: bottom + (critical === null ? 8 : 36),
    bars: items.map(({ name, rank }, i) => ({
      name: name.length > room ? `${name.slice(0, room - 1)}…` : name,
      cut: name.length > room,
      rank: rank.toFixed(2),
      y: i * ROW,
      width: rank * unit,
      rankX: rank * unit + 6,
    })),
    critical:
      critical === null
        ? null
        : {
            y: bottom + 14,
            width: Math.min(width, critical * unit),
            words: `critical difference ${critical.toFixed(2)}`,
          },
  };
}
