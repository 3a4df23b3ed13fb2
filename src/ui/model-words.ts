import type { ModelChoice, ModelFiles } from '../app/types.ts';
import { bytes } from './format.ts';

/** Before anybody has looked. */
export const noFiles: ReadonlyMap<string, ModelFiles> = new Map();

/** A model's files in two short lines: how it stands, and what is to be known beside. */
export function filesInWords(model: ModelChoice, files: ModelFiles): { state: string; beside: string } {
  if (model.runtime === 'openai') return { state: 'On a server', beside: 'Nothing to download' };
  if (files.state === 'absent') return { state: 'Not downloaded', beside: '' };
  if (files.state === 'kept')
    return { state: `On this machine, ${bytes(files.bytes)}`, beside: 'Works offline' };
  const of = files.total === null ? '' : ` of ${bytes(files.total)}`;
  return {
    state: `${bytes(files.loaded)}${of}`,
    beside: files.state === 'downloading' ? speed(files) : files.state === 'paused' ? 'Paused' : 'Stopped',
  };
}

function speed({ bytesPerSecond, leftMs }: Extract<ModelFiles, { state: 'downloading' }>): string {
  if (bytesPerSecond === null) return 'Measuring speed';
  if (bytesPerSecond === 0) return 'Waiting for the network';
  const rate = `${bytes(bytesPerSecond)}/s`;
  return leftMs === null ? rate : `${rate}, ${left(leftMs)} left`;
}

/** `5 s`, `12 min`, `3 h`: short, since it stands in a column. */
function left(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
