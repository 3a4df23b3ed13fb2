import { prebuiltAppConfig } from '@mlc-ai/web-llm';
import { describe, expect, test } from 'vitest';
import { MODEL_FILES } from '../../scripts/model-files.js';
import {
  type Abilities,
  catalogue,
  CPU_MODELS,
  DEFAULT_MODEL,
  fits,
  fitTogether,
  LOCAL_TEST_MODEL,
  PREBUILT_MODELS,
  recommend,
  twinFor,
} from '../../src/engines/models.ts';

interface Gpu {
  f16?: boolean;
  adapter?: string;
  maxBufferBytes?: number;
  maxBindingBytes?: number;
}
const gpu = (more: Gpu = {}, memoryBytes: number | null = null): Abilities => ({
  webgpu: {
    works: true,
    f16: true,
    adapter: 'nvidia hopper',
    maxBufferBytes: 2 ** 32,
    maxBindingBytes: 2 ** 32,
    ...more,
  },
  isolated: true,
  memoryBytes,
});
const none: Abilities = {
  webgpu: { works: false, why: 'This browser has no WebGPU.', advice: '' },
  isolated: false,
  memoryBytes: null,
};
const byId = (id: string) => {
  const entry = PREBUILT_MODELS.find((model) => model.id === `webllm:${id}`);
  if (!entry) throw new Error(`${id} is not listed`);
  return entry;
};

describe('the list', () => {
  test('says of each WebLLM model what the installed web-llm says', () => {
    expect(PREBUILT_MODELS.length).toBeGreaterThan(20);
    for (const entry of PREBUILT_MODELS) {
      if (entry.source.kind !== 'prebuilt') throw new Error(`${entry.id} is not a prebuilt model`);
      const { modelId } = entry.source;
      const record = prebuiltAppConfig.model_list.find((model) => model.model_id === modelId);
      expect(record, modelId).toBeDefined();
      expect(record?.model).toBe(entry.source.weightsUrl);
      expect(record?.model_lib).toBe(entry.source.libraryUrl);
      expect(entry.memoryBytes).toBe(Math.round((record?.vram_required_MB ?? 0) * 2 ** 20));
      expect(entry.contextTokens).toBe(record?.overrides?.context_window_size);
      // The library's name, not only the declared features, tells the precision.
      expect(record?.model_lib).toContain(`${entry.precision}`);
      expect(entry.precision).toBe(modelId.includes('f16') ? 'f16' : 'f32');
      // Weights are downloaded once and kept in GPU memory with the cache beside them.
      expect(entry.downloadBytes).toBeLessThan(entry.memoryBytes);
      expect(entry.widestBytes).toBeLessThan(entry.downloadBytes);
    }
  });

  test('reaches from 135 million to 8 billion weights, nearly all in both precisions', () => {
    const names = new Set(PREBUILT_MODELS.map(({ name }) => name.replace(/ \(.*/, '')));
    expect(names.size).toBeGreaterThanOrEqual(12);
    expect([...names].filter((name) => / 135M | [78]B/.test(`${name} `)).length).toBeGreaterThanOrEqual(4);
    const f16 = PREBUILT_MODELS.filter(({ precision }) => precision === 'f16');
    expect(f16.filter((entry) => twinFor(entry, false) === null).map(({ name }) => name)).toEqual([
      'Gemma 3 1B (4 bit, f16)',
    ]);
  });

  test('names the CPU model as the scripts fetch it', () => {
    const file = MODEL_FILES.find(({ path }) => path === DEFAULT_MODEL.path);
    expect(file).toMatchObject({ bytes: DEFAULT_MODEL.downloadBytes, sha256: DEFAULT_MODEL.sha256 });
  });

  test('has ids that differ, and licences', () => {
    const entries = catalogue(new Set());
    expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length);
    for (const { licence } of entries) expect(licence).toMatch(/^(Apache-2\.0|MIT)$|Licen[cs]e|Terms/);
    expect(entries.filter(({ small }) => small).map(({ name }) => name.split(' (')[0])).toEqual([
      'SmolLM2 135M Instruct',
      'SmolLM2 360M Instruct',
      'Qwen2.5 0.5B Instruct',
      'SmolLM2 135M Instruct',
      'SmolLM2 135M Instruct',
      'SmolLM2 360M Instruct',
      'SmolLM2 360M Instruct',
      'Qwen2.5 0.5B Instruct',
      'Qwen2.5 0.5B Instruct',
    ]);
  });

  test('shows the local test model only where its library is served', () => {
    expect(catalogue(new Set())).not.toContain(LOCAL_TEST_MODEL);
    expect(catalogue(new Set([DEFAULT_MODEL.path]))).not.toContain(LOCAL_TEST_MODEL);
    const served = new Set(['smollm2-135m-instruct-q4f32-webllm/resolve/main/model.wasm']);
    expect(catalogue(served)).toContain(LOCAL_TEST_MODEL);
  });
});

describe('fits', () => {
  test('the CPU model runs everywhere, with a word on threads', () => {
    expect(fits(DEFAULT_MODEL, gpu())).toEqual({ usable: true, reason: '' });
    expect(fits(DEFAULT_MODEL, none)).toMatchObject({
      usable: true,
      reason: expect.stringContaining('one thread') as string,
    });
  });

  test('no WebGPU, no half precision, a software GPU and a small one are each told', () => {
    const f16 = byId('Qwen2.5-1.5B-Instruct-q4f16_1-MLC');
    expect(fits(f16, gpu())).toEqual({ usable: true, reason: '' });
    expect(fits(f16, none)).toEqual({ usable: false, reason: 'This browser has no WebGPU.' });
    expect(fits(f16, gpu({ f16: false }))).toEqual({
      usable: false,
      reason:
        'Needs half-precision floats, which this GPU does not offer. Choose Qwen2.5 1.5B Instruct (4 bit, f32) instead.',
    });
    expect(fits(byId('gemma3-1b-it-q4f16_1-MLC'), gpu({ f16: false })).reason).toContain('no version');
    const f32 = byId('Qwen2.5-1.5B-Instruct-q4f32_1-MLC');
    expect(fits(f32, gpu({ f16: false, adapter: 'google swiftshader' })).reason).toContain('Very slow');
    expect(fits(byId('Qwen2.5-7B-Instruct-q4f16_1-MLC'), gpu({ maxBufferBytes: 2 ** 31 }))).toEqual({
      usable: true,
      reason: 'May not fit: it needs 5.4 GB of GPU memory; this GPU gives at most 2.1 GB at once.',
    });
  });
});

describe('what cannot fit is told with its sizes', () => {
  const qwen7 = byId('Qwen2.5-7B-Instruct-q4f16_1-MLC');

  test('a weight matrix that is larger than the buffers which the GPU lends', () => {
    // 152,064 by 3,584 numbers of half a byte; web-llm falls back to 128 MiB where 1 GiB is not to be had.
    const phone = gpu({ maxBindingBytes: 2 ** 29 });
    expect(fits(qwen7, phone)).toEqual({
      usable: false,
      reason:
        'Does not fit: it needs 272 MB of GPU memory in one piece; this GPU lends pieces of at most 134 MB.',
    });
    expect(fits(byId('Qwen2.5-1.5B-Instruct-q4f16_1-MLC'), phone).usable).toBe(true);
    expect(fits(qwen7, gpu()).usable).toBe(true);
  });

  test('the memory of the machine, with room for how browsers round it', () => {
    expect(fits(qwen7, gpu({}, 2e9))).toEqual({
      usable: false,
      reason: 'Does not fit: it needs 5.4 GB of memory; this machine has about 2.0 GB.',
    });
    expect(fits(qwen7, gpu({}, 4e9)).usable).toBe(true);
    const [, , cpu] = CPU_MODELS;
    if (!cpu) throw new Error('no third model for the CPU');
    expect(fits(cpu, { ...none, memoryBytes: 1e9 }).reason).toMatch(/2\.2 GB of memory.*1\.0 GB/);
  });
});

describe('two models at once', () => {
  const small = byId('SmolLM2-135M-Instruct-q0f16-MLC');
  const qwen7 = byId('Qwen2.5-7B-Instruct-q4f16_1-MLC');
  const [, , cpu] = CPU_MODELS;
  if (!cpu) throw new Error('no third model for the CPU');

  test('are told when this machine has not the memory for both', () => {
    expect(fits(qwen7, gpu({}, 4e9)).usable).toBe(true);
    expect(fits(cpu, gpu({}, 4e9)).usable).toBe(true);
    expect(fitTogether([qwen7, cpu], gpu({}, 4e9))).toBe(
      'Both models do not fit at once: they need 7.6 GB of memory; this machine has about 4.0 GB.',
    );
    expect(fitTogether([qwen7, cpu], gpu())).toBe('');
    expect(fitTogether([qwen7, { runtime: 'openai', memoryBytes: null }], gpu({}, 4e9))).toBe('');
  });

  test('count on the GPU when both run there', () => {
    const lends = gpu({ maxBufferBytes: 2.8e9 });
    expect(fits(qwen7, lends).reason).toBe('');
    expect(fitTogether([qwen7, small], lends)).toMatch(
      /^Both models may not fit at once: they need 5\.7 GB of GPU memory; this GPU gives at most 2\.8 GB/,
    );
    expect(fitTogether([qwen7, cpu], lends)).toBe('');
  });
});

test('twinFor finds the other precision, or the model itself, or nothing', () => {
  const f16 = byId('SmolLM2-135M-Instruct-q0f16-MLC');
  const f32 = byId('SmolLM2-135M-Instruct-q0f32-MLC');
  expect(twinFor(f16, true)).toBe(f16);
  expect(twinFor(f16, false)).toBe(f32);
  expect(twinFor(f32, true)).toBe(f16);
  expect(twinFor(f32, false)).toBe(f32);
  expect(twinFor(byId('gemma3-1b-it-q4f16_1-MLC'), false)).toBeNull();
  expect(twinFor(LOCAL_TEST_MODEL, true)).toBe(LOCAL_TEST_MODEL);
  for (const entry of PREBUILT_MODELS.filter(({ precision }) => precision === 'f32')) {
    expect(twinFor(entry, true)?.precision, `${entry.id} has an f16 twin`).toBe('f16');
  }
});

test('recommend gives something that runs', () => {
  expect(recommend(none)).toBe(DEFAULT_MODEL);
  expect(recommend(gpu({ adapter: 'google swiftshader', f16: false }))).toBe(DEFAULT_MODEL);
  expect(recommend(gpu())).toBe(byId('Qwen2.5-1.5B-Instruct-q4f16_1-MLC'));
  expect(recommend(gpu({ f16: false }))).toBe(byId('Qwen2.5-1.5B-Instruct-q4f32_1-MLC'));
  expect(recommend(gpu({ maxBufferBytes: 2 ** 28 }))).toBe(byId('Qwen2.5-0.5B-Instruct-q4f16_1-MLC'));
  expect(recommend(gpu({}, 2e9))).toBe(byId('Qwen2.5-0.5B-Instruct-q4f16_1-MLC'));
  expect(recommend(gpu({}, 0.5e9))).toBe(DEFAULT_MODEL);
  for (const machine of [
    none,
    gpu(),
    gpu({ f16: false }),
    gpu({ maxBufferBytes: 2 ** 28, maxBindingBytes: 2 ** 27, f16: false }),
  ]) {
    expect(fits(recommend(machine), machine).usable).toBe(true);
  }
});
