import { describe, expect, test } from 'vitest';
import { gradientFit, parametersOf, type Sized } from '../../src/app/gradient-fit.ts';
import type { GpuProbe } from '../../src/engines/probe.ts';

const none: GpuProbe = { works: false, why: 'This browser has no WebGPU.', advice: '' };
const gpu = (adapter: string, f16: boolean): GpuProbe => ({
  works: true,
  f16,
  adapter,
  maxBufferBytes: 2 ** 31,
  maxBindingBytes: 2 ** 30,
});
const model = (name: string, downloadBytes: number | null, bits: number | null): Sized => ({
  id: `wllama:${name}`,
  name,
  runtime: 'wllama',
  downloadBytes,
  bits,
  memoryBytes: 400e6,
});
const small = model('small', 144_811_072, 8);
const large = model('large', 1.82e9, 8);

test('weights are counted from the size of the file', () => {
  // 134.5 million in truth; norms and the header make up the rest.
  expect(parametersOf(small)).toBeCloseTo(136.3e6, -5);
  expect(parametersOf(model('four', 900e6, 4))).toBe(1.6e9);
  expect(parametersOf(model('plain', 400e6, 32))).toBe(100e6);
  expect(parametersOf(model('unknown', null, 8))).toBeNull();
  expect(parametersOf(model('unknown', 1e9, null))).toBeNull();
});

describe('gradientFit', () => {
  test('states the need in 32 bits where WebAssembly computes', () => {
    const { fits, text } = gradientFit(small, [], { webgpu: none, memoryBytes: null });
    expect(fits).toBe(true);
    expect(text).toBe(
      'The gradient is taken in an unpacked copy of the target: about 136 million weights in 32 bits, 0.5 GB, beside the target itself.',
    );
  });

  test('halves the need where the GPU computes in 16 bits, and refuses nothing there', () => {
    const { fits, text } = gradientFit(large, [], { webgpu: gpu('nvidia', true), memoryBytes: 4e9 });
    expect(fits).toBe(true);
    expect(text).toContain('1710 million weights in 16 bits, 3.4 GB of GPU memory');
    expect(gradientFit(large, [], { webgpu: gpu('nvidia', false), memoryBytes: null }).text).toContain(
      'in 32 bits, 6.9 GB of GPU memory',
    );
  });

  test('leaves a GPU that is played in software aside', () => {
    const { fits } = gradientFit(large, [], { webgpu: gpu('SwiftShader', true), memoryBytes: null });
    expect(fits).toBe(false);
  });

  test('names the sizes and models that would fit into what WebAssembly can address', () => {
    const gpuModel: Sized = { ...small, name: 'on the GPU', runtime: 'webllm' };
    const { fits, text } = gradientFit(large, [small, large, gpuModel], { webgpu: none, memoryBytes: null });
    expect(fits).toBe(false);
    expect(text).toContain('WebAssembly can address 4.3 GB');
    // (4,294,967,296 − 671,088,640) / 4
    expect(text).toMatch(/Up to 906 million weights fit; of the models here: small\.$/);
  });

  test('counts what the target itself takes of a small machine', () => {
    const machine = { webgpu: none, memoryBytes: 1e9 };
    const { fits, text } = gradientFit(small, [small], machine);
    expect(fits).toBe(false);
    expect(text).toContain('0.6 GB left beside the target');
    expect(text).toMatch(/No model of any size fits\.$/);
    expect(gradientFit(small, [], { ...machine, memoryBytes: 2e9 }).fits).toBe(true);
  });

  test('says the need a weight where the size is not known', () => {
    const { fits, text } = gradientFit(model('unknown', null, 8), [], { webgpu: none, memoryBytes: 1e9 });
    expect(fits).toBe(true);
    expect(text).toContain('4 bytes a weight');
  });
});
