import type { RunEvent } from './events.ts';

/**
 * Tells where the stages of a run are over: the returned function takes the run's events in order and is true of each
 * before which a stage that had begun is over. The run's own end is not told.
 */
export function stageEnds(): (event: RunEvent) => boolean {
  let open = false;
  return ({ type }) => {
    if (type !== 'stage' && type !== 'step' && type !== 'searched') return false;
    const over = open;
    open = type === 'stage';
    return over;
  };
}
