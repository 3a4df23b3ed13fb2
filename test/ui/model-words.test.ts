import { expect, test } from 'vitest';
import type { ModelFiles } from '../../src/app/types.ts';
import { filesInWords } from '../../src/ui/model-words.ts';
import { models } from './stand-in.ts';

const [model] = models;
if (!model) throw new Error('no model');
const words = (files: ModelFiles) => {
  const { state, beside } = filesInWords(model, files);
  return `${state} | ${beside}`;
};
const going = (bytesPerSecond: number | null, leftMs: number | null): ModelFiles => ({
  state: 'downloading',
  loaded: 412_000_000,
  total: 950_000_000,
  bytesPerSecond,
  leftMs,
});

test('files are told in two short lines', () => {
  expect(words({ state: 'absent' })).toBe('Not downloaded | ');
  expect(words(going(null, null))).toBe('412 MB of 950 MB | Measuring speed');
  expect(words(going(12_400_000, 43_387))).toBe('412 MB of 950 MB | 12 MB/s, 43 s left');
  expect(words(going(90_000, 5_977_000))).toBe('412 MB of 950 MB | 90 kB/s, 2 h left');
  expect(words(going(0, null))).toBe('412 MB of 950 MB | Waiting for the network');
  expect(words({ state: 'paused', loaded: 5_000_000, total: null })).toBe('5 MB | Paused');
  expect(words({ state: 'kept', bytes: 144_811_072 })).toBe('On this machine, 145 MB | Works offline');
  expect(filesInWords({ ...model, runtime: 'openai' }, { state: 'absent' }).state).toBe('On a server');
});
