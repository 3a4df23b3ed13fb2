import { describe, expect, test } from 'vitest';
import { EngineError } from '../../src/core/model.ts';
import { askFault, Cancelled, loadFault } from '../../src/engines/webllm-faults.ts';
import { escaped } from '../../src/engines/webllm-public.ts';

function named(name: string, message: string): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}

describe('askFault', () => {
  test('takes every sign of a lost device for a loss', () => {
    const signs = [
      named('ModelNotLoadedError', 'Model not loaded before calling chat.completions.create.'),
      new Error('Object has already been disposed'),
      new Error('The current Object has already been disposed'),
      named('AbortError', "Failed to execute 'mapAsync' on 'GPUBuffer': Buffer was unmapped"),
      named('BindingError', 'Tokenizer instance already deleted'),
      new WebAssembly.RuntimeError('unreachable'),
      'a string',
    ];
    for (const sign of signs) expect(askFault(sign)).toBeNull();
  });

  test('tells the faults of an ask from those of the device', () => {
    expect(askFault(new Cancelled())?.fault).toBe('aborted');
    expect(
      askFault(named('ContextWindowSizeExceededError', 'Prompt tokens exceed context window size'))?.fault,
    ).toBe('context');
    expect(askFault(named('GrammarMatcherInitError', 'Failed to initialize'))?.fault).toBe('refused');
    expect(askFault(new EngineError('refused', 'why', 'what'))).toEqual({
      fault: 'refused',
      message: 'why',
      advice: 'what',
    });
  });
});

describe('loadFault', () => {
  test('says what kind of trouble it is', () => {
    const fault = (name: string, message: string) => loadFault(named(name, message)).fault;
    expect(fault('DeviceLostError', 'The WebGPU device was lost while loading the model.')).toBe('memory');
    expect(fault('ShaderF16SupportError', 'This model requires WebGPU extension shader-f16')).toBe(
      'unavailable',
    );
    expect(fault('IntegrityError', 'Integrity verification failed')).toBe('integrity');
    expect(fault('TypeError', 'Failed to fetch')).toBe('unavailable');
    expect(
      fault('Error', 'Cannot initialize runtime because of requested maxBufferSize exceeds limit.'),
    ).toBe('unavailable');
    expect(fault('RangeError', 'Array buffer allocation failed')).toBe('memory');
    expect(loadFault(new Error('something new')).message).toContain('something new');
  });
});

test('escaped texts survive the way web-llm fills its templates', () => {
  /** As web-llm 0.2.86 does it. */
  const filled = (content: string) =>
    '{user_message}'.replace('{user_message}', content).replace('{function_string}', '');
  for (const content of [
    'a $& b',
    '$$',
    "$` $' $1",
    'costs $5',
    'x {function_string} y {function_string}',
    'plain',
  ]) {
    expect(filled(escaped({ role: 'user', content }).content)).toBe(content);
  }
});
