import { expect, test } from 'vitest';
import { isSoftwareAdapter, probe } from '../../src/engines/probe.ts';

// The launch flags give Chromium a GPU in software; a browser with no adapter at all needs another launch.
test('finds the adapter, its limits and the threads of this browser', async () => {
  const found = await probe();
  expect(found).toMatchObject({ isolated: true, isolation: null, threads: navigator.hardwareConcurrency });
  if (!found.webgpu.works) throw new Error(found.webgpu.why);
  const adapter = await navigator.gpu.requestAdapter();
  expect(found.webgpu.maxBufferBytes).toBe(adapter?.limits.maxBufferSize);
  expect(found.webgpu.f16).toBe(adapter?.features.has('shader-f16'));
  if (isSoftwareAdapter(found.webgpu.adapter)) expect(found.webgpu.f16).toBe(false);
});
