import { describe, expect, test } from 'vitest';
import { type Adapter, isSoftwareAdapter, probe, type Surface } from '../../src/engines/probe.ts';

const adapter = (more: { limits?: Partial<Adapter['limits']>; features?: string[] } = {}): Adapter => ({
  features: new Set(more.features ?? []),
  info: { vendor: 'nvidia', architecture: 'hopper', description: '' },
  limits: {
    maxBufferSize: 2 ** 31,
    maxStorageBufferBindingSize: 2 ** 31,
    maxComputeWorkgroupStorageSize: 49152,
    maxStorageBuffersPerShaderStage: 16,
    maxComputeInvocationsPerWorkgroup: 1024,
    ...more.limits,
  },
});
const surface = (found: Adapter | null | Error, more: Partial<Surface> = {}): Surface => ({
  gpu: { requestAdapter: () => (found instanceof Error ? Promise.reject(found) : Promise.resolve(found)) },
  isolated: true,
  secure: true,
  cores: 8,
  ...more,
});

describe('probe', () => {
  test('describes a GPU that meets the needs', async () => {
    expect(await probe(surface(adapter({ features: ['shader-f16'] })))).toEqual({
      webgpu: {
        works: true,
        f16: true,
        adapter: 'nvidia hopper',
        maxBufferBytes: 2147483648,
        maxBindingBytes: 2147483648,
      },
      isolated: true,
      isolation: null,
      threads: 8,
      memoryBytes: null,
    });
    expect((await probe(surface(adapter()))).webgpu).toMatchObject({ works: true, f16: false });
  });

  test('names every limit that is short, and the least that is enough', async () => {
    const limits = { maxStorageBuffersPerShaderStage: 8, maxComputeWorkgroupStorageSize: 16384 };
    const { webgpu } = await probe(surface(adapter({ limits })));
    expect(webgpu).toMatchObject({
      works: false,
      why: 'The graphics adapter (nvidia hopper) is too small for WebLLM: maxComputeWorkgroupStorageSize is 16384, needed are 32768; maxStorageBuffersPerShaderStage is 8, needed are 10.',
    });
    const least = {
      maxBufferSize: 268435456,
      maxStorageBufferBindingSize: 134217728,
      maxComputeWorkgroupStorageSize: 32768,
      maxStorageBuffersPerShaderStage: 10,
      maxComputeInvocationsPerWorkgroup: 256,
    };
    expect((await probe(surface(adapter({ limits: least })))).webgpu.works).toBe(true);
  });

  test('each lack has its way out', async () => {
    const missing = await probe(surface(null));
    expect(missing.webgpu).toMatchObject({
      works: false,
      why: 'WebGPU is there, but no graphics adapter answers it.',
      advice: expect.stringContaining('hardware acceleration') as string,
    });
    const failing = await probe(surface(new Error('no driver')));
    expect(failing.webgpu).toMatchObject({ works: false, why: 'WebGPU does not start: no driver' });
    const old = await probe(surface(null, { gpu: undefined }));
    expect(old.webgpu).toMatchObject({
      works: false,
      why: 'This browser has no WebGPU.',
      advice: expect.stringContaining('CPU') as string,
    });
    const insecure = await probe(surface(null, { gpu: undefined, secure: false, isolated: false }));
    expect(insecure.webgpu).toMatchObject({
      works: false,
      advice: expect.stringContaining('localhost') as string,
    });
    expect(insecure.isolation?.advice).toContain('localhost');
  });

  test('without isolation there is one thread', async () => {
    const { isolated, threads, isolation } = await probe(surface(adapter(), { isolated: false }));
    expect({ isolated, threads }).toEqual({ isolated: false, threads: 1 });
    expect(isolation?.advice).toContain('Cross-Origin-Embedder-Policy');
  });
});

test('memory counts only where the browser still counts it', async () => {
  const memory = async (gb: number | undefined) => (await probe(surface(null, { memory: gb }))).memoryBytes;
  expect([
    await memory(undefined),
    await memory(0.5),
    await memory(4),
    await memory(8),
    await memory(32),
  ]).toEqual([null, 0.5e9, 4e9, null, null]);
});

test('isSoftwareAdapter knows the usual software GPUs', () => {
  expect(
    ['google swiftshader', 'Mesa llvmpipe', 'Microsoft Basic Render Driver'].every(isSoftwareAdapter),
  ).toBe(true);
  expect(['nvidia hopper', 'apple metal-3', 'intel gen-12lp'].some(isSoftwareAdapter)).toBe(false);
});
