import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { missingModel, plain, readOptions } from '../../scripts/demonstrate.js';
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

describe('what a model says, on a terminal', () => {
  const ESC = '\u001B';
  test.each([
    ['colours (CSI)', `${ESC}[31;1mred${ESC}[0m`, '[31;1mred[0m'],
    ['moving and erasing (CSI)', `${ESC}[2J${ESC}[H${ESC}[1A`, '[2J[H[1A'],
    ['links (OSC 8)', `${ESC}]8;;https://evil.example${ESC}\\here${ESC}]8;;${ESC}\\`, null],
    ['the window title (OSC 0) and the clipboard (OSC 52)', `${ESC}]0;x\u0007${ESC}]52;c;eA==\u0007`, null],
    ['device control (DCS), APC and PM', `${ESC}P1$tx${ESC}\\${ESC}_a${ESC}\\${ESC}^b${ESC}\\`, null],
    ['8-bit controls (C1)', '\u009B31mred\u009D8;;x\u009C\u0090\u0084\u0085', null],
    ['bell, backspace, delete, form feed', 'a\u0007b\u0008c\u007Fd\u000Ce', 'abcd e'],
    ['a line that is written over', 'safe\rGONE\nnext\u2028more', 'safe GONE next more'],
    ['turned and hidden text', 'a\u202Eb\u2066c\u200Bd\uFEFFe\u00ADf', null],
  ])('%s is one line without a control sign', (_, text, shown) => {
    const line = plain(text);
    expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    if (shown !== null) expect(line).toBe(shown);
  });

  test('whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(plain(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
      { numRuns: 2000 },
    );
  });
});
