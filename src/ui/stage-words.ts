import type { RunStatus } from '../app/types.ts';
import type { Stage, StopReason } from '../core/events.ts';
import { short } from './format.ts';
import { spent, type RunView } from './run-view.ts';

const doing: Record<Stage, string> = {
  evaluate: 'evaluating',
  retrieve: 'recalling earlier prompts',
  reflect: 'reflecting on mistakes',
  summarize: 'summarizing',
  'step-size': 'setting the step size',
  propose: 'proposing prompts',
  select: 'selecting',
  tune: 'following the gradient',
  test: 'final test',
  robustness: 'robustness',
};

export const reasons: Record<StopReason, string> = {
  done: 'all steps were made',
  patience: 'no better prompt came for a while',
  'budget-targetCalls': 'the limit of target calls was met',
  'budget-tokens': 'the limit of tokens was met',
  'budget-minutes': 'the time limit was met',
  'budget-steps': 'the limit of steps was met',
  asked: 'you ended the search',
};

export const statuses: Record<RunStatus, string> = {
  loading: 'Loading models',
  running: 'Running',
  paused: 'Paused',
  stopped: 'Stopped',
  interrupted: 'Interrupted',
  failed: 'Failed',
  finished: 'Finished',
};

/** `step 3/8 · evaluating c7`: what changes seldom enough to be read aloud. */
export function stageWords(view: RunView): string {
  const over = view.robustness !== null || view.stage !== 'robustness';
  if (view.result && over) return 'finished';
  const step =
    view.step === 0 ? 'start' : view.of === null ? `step ${view.step}` : `step ${view.step}/${view.of}`;
  if (view.stage === null) return step;
  const detail =
    view.detail === '' ? '' : view.stage === 'evaluate' ? ` ${view.detail}` : ` (${view.detail})`;
  return `${view.result || view.stage === 'test' ? '' : `${step} · `}${doing[view.stage]}${detail}`;
}

/**
 * `214 calls + 48 test calls, 96 from earlier runs · 12k tokens computed, 31k reused from the cache`: calls of the
 * search and, once it began, of the test; tokens of the search.
 */
export function usageWords(view: RunView): string {
  const used = spent(view);
  const { target, optimizer } = view.usage;
  const { reused } = view;
  const earlier = reused.target + reused.optimizer + reused.test;
  const test = view.testCalls > 0 ? ` + ${view.testCalls} test calls` : '';
  const known = earlier > 0 ? `, ${short(earlier)} from earlier runs` : '';
  const cached = target.cached + optimizer.cached;
  const kept = cached > 0 ? `, ${short(cached)} reused from the cache` : '';
  return `${short(used.calls)} calls${test}${known} · ${short(used.tokens)} tokens computed${kept}`;
}
