/** Small things that the page remembers between visits; a browser that forbids it makes the page forgetful, no more. */

const PREFIX = 'whetstone:';

function recall(key: string): string | null {
  try {
    return localStorage.getItem(PREFIX + key);
  } catch {
    return null;
  }
}

function keep(key: string, text: string): void {
  try {
    localStorage.setItem(PREFIX + key, text);
  } catch {
    // Nothing depends on it.
  }
}

export type Theme = 'auto' | 'light' | 'dark';

export function recallTheme(): Theme {
  const theme = recall('theme');
  return theme === 'light' || theme === 'dark' ? theme : 'auto';
}

/** Puts the theme on the page and remembers it. */
export function setTheme(theme: Theme): void {
  if (theme === 'auto') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
  keep('theme', theme);
}

export function firstVisit(): boolean {
  return recall('seen') === null;
}

export function seen(): void {
  keep('seen', 'yes');
}

/** Whether the user wants to be told when a run ends. */
export function recallNotice(): boolean {
  return recall('notice') === 'on';
}

export function keepNotice(on: boolean): void {
  keep('notice', on ? 'on' : 'off');
}

/** What is timed: a call of a role; one example of a gradient step or of a measurement. */
export type Timed = 'target' | 'optimizer' | 'gradient' | 'measurement';

/** Milliseconds of one, measured on this machine for this model and task; null when never measured. */
export function recallSpeed(role: Timed, model: string, task: string): number | null {
  const ms = Number(recall(`speed:${role}:${model}:${task}`) ?? Number.NaN);
  return Number.isFinite(ms) && ms > 0 ? ms : null;
}

export function keepSpeed(role: Timed, model: string, task: string, ms: number): void {
  if (Number.isFinite(ms) && ms > 0) keep(`speed:${role}:${model}:${task}`, ms.toFixed(1));
}

/** A speed test: tokens read and written a second, and when that was, in milliseconds since the epoch. */
export interface Tested {
  read: number;
  write: number;
  when: number;
}

/** The last speed test of a model on this machine; null when there was none. */
export function recallTested(model: string): Tested | null {
  const numbers = (recall(`tested:${model}`) ?? '').split(' ').map(Number);
  const [read = 0, write = 0, when = 0] = numbers;
  return numbers.length === 3 && numbers.every((one) => one > 0 && Number.isFinite(one))
    ? { read, write, when }
    : null;
}

export function keepTested(model: string, { read, write, when }: Tested): void {
  keep(`tested:${model}`, `${read.toFixed(2)} ${write.toFixed(2)} ${when}`);
}
