import { afterEach, expect, test, vi } from 'vitest';
import { readOptions, table } from '../../scripts/gpu.js';

afterEach(() => vi.restoreAllMocks());

test('reads its options, and names what it cannot use', () => {
  expect(
    readOptions(['--model', 'webllm:Qwen3-0.6B-q4f16_1-MLC', '--prefix=64,256', '--inputs', '8']),
  ).toEqual({ model: 'Qwen3-0.6B-q4f16_1-MLC', prefixes: [64, 256], inputs: 8, only: '', json: false });
  const said = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  for (const args of [['--prefix', '64,x'], ['--inputs', '0'], ['--only', 'all'], ['--fast']])
    expect(readOptions(args)).toBeNull();
  expect(said).toHaveBeenCalledTimes(4);
});

test('the table gives the share of tokens computed and the gain in time', () => {
  const lines = table({
    prefill: { tokens: 64, rate: 6.04 },
    decode: { tokens: 8, rate: 2 },
    workloads: [
      { asks: 4, prefix: 60, prompt: 280, computed: 100, ownMs: 20_000, webllmMs: 50_000, same: 4 },
    ],
  });
  expect(lines[1]).toBe('Prefill 6.0 tokens/s (64 tokens), decode 2.0 tokens/s (8 tokens).');
  expect(lines.at(-1)?.replace(/ +/g, ' ')).toBe(' 60 4 100 of 280 (36 %) 20.00 s 50.00 s 2.5× 4 of 4');
});
