import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { missingModel, readOptions } from '../../scripts/demonstrate.js';
import { DEFAULT_MODEL, LOCAL_TEST_MODEL } from '../../src/engines/models.ts';

const modelOf = (...args: string[]) => readOptions(args)?.model;

describe('readOptions', () => {
  afterEach(() => vi.restoreAllMocks());

  test('joins an engine and a model into the id of the catalogue', () => {
    expect(modelOf()).toBe(DEFAULT_MODEL.id);
    expect(modelOf('--engine', 'wllama')).toBe(DEFAULT_MODEL.id);
    expect(modelOf('--engine', 'webllm')).toBe(LOCAL_TEST_MODEL.id);
    expect(modelOf('--engine', 'webllm', '--model', 'smollm2-local')).toBe(LOCAL_TEST_MODEL.id);
    expect(modelOf('--model=smollm2-local', '--engine=webllm')).toBe(LOCAL_TEST_MODEL.id);
    expect(modelOf('--model', LOCAL_TEST_MODEL.id)).toBe(LOCAL_TEST_MODEL.id);
    expect(modelOf('--engine', 'webllm', '--model', LOCAL_TEST_MODEL.id)).toBe(LOCAL_TEST_MODEL.id);
    expect(modelOf('--model', 'smollm2-135m-instruct-q8_0')).toBe(DEFAULT_MODEL.id);
  });

  test('refuses what does not go together or is unknown, and says so', () => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    expect(readOptions(['--engine', 'wllama', '--model', LOCAL_TEST_MODEL.id])).toBeNull();
    expect(readOptions(['--engine', 'cuda'])).toBeNull();
    expect(readOptions(['--steps', '0'])).toBeNull();
    expect(readOptions(['--speed', '3'])).toBeNull();
    expect(said.mock.calls.map(([line]) => String(line))).toEqual([
      expect.stringContaining('does not run on wllama'),
      expect.stringContaining('Cannot use --engine cuda'),
      expect.stringContaining('Cannot use --steps 0'),
      expect.stringContaining('Cannot use --speed 3'),
    ]);
  });

  test('steps are left to the size of the run unless given', () => {
    expect(readOptions([])).not.toHaveProperty('steps');
    expect(readOptions(['--steps', '5', '--seed=0', '--json'])).toMatchObject({
      steps: 5,
      seed: 0,
      json: true,
    });
  });
});

describe('missingModel', () => {
  const folder = mkdtempSync(join(tmpdir(), 'whetstone-demo-'));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('says what the local WebLLM model is and how to get one, and nothing of models that download themselves', () => {
    const { id } = LOCAL_TEST_MODEL;
    const nothing = missingModel(id, {});
    expect(nothing).toContain('WHETSTONE_MODELS');
    expect(nothing).toContain('--model SmolLM2-135M-Instruct-q0f32-MLC');
    expect(missingModel(id, { WHETSTONE_MODELS: folder })).toContain(folder);
    expect(missingModel('webllm:Qwen3-0.6B-q4f16_1-MLC', {})).toBeNull();
    expect(missingModel(DEFAULT_MODEL.id, {})).toBeNull();

    const source = LOCAL_TEST_MODEL.source.kind === 'local' ? LOCAL_TEST_MODEL.source.folder : '';
    mkdirSync(join(folder, source), { recursive: true });
    writeFileSync(join(folder, source, 'model.wasm'), 'x');
    expect(missingModel(id, { WHETSTONE_MODELS: folder })).toBeNull();
  });
});
