import type { Option } from './optimizer.ts';

/** Short forms for a method's options: label, one sentence of help, default, range. */

export function whole(label: string, help: string, value: number, min: number, max: number): Option<number> {
  return { kind: 'number', label, help, default: value, min, max, whole: true };
}

export function decimal(
  label: string,
  help: string,
  value: number,
  min: number,
  max: number,
): Option<number> {
  return { kind: 'number', label, help, default: value, min, max, whole: false };
}

export function toggle(label: string, help: string, value: boolean): Option<boolean> {
  return { kind: 'switch', label, help, default: value };
}

/** `choices` maps each value to its words; the default must be one of them. */
export function choice<K extends string>(
  label: string,
  help: string,
  value: NoInfer<K>,
  choices: Record<K, string>,
): Option<string> {
  return { kind: 'choice', label, help, default: value, choices };
}

/** Folded away on the page: most people never touch it. */
export function advanced<T>(option: Option<T>): Option<T> {
  return { ...option, advanced: true };
}
