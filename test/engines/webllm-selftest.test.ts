import { describe, expect, test } from 'vitest';
import { hash32 } from '../../src/core/hash.ts';
import { type Device, testDevice } from '../../src/engines/webllm-selftest.ts';

const ids = Array.from({ length: 20 }, (_, i) => i + 100);

/** A device whose logits depend on all tokens in its cache, with the defects named. */
function device(defects: {
  prefillOnto?: boolean;
  rollBack?: boolean;
  decode?: boolean;
  noise?: number;
  canRollBack?: boolean;
}) {
  let cache: string[] = [];
  const done: string[] = [];
  const made: Device = {
    canRollBack: defects.canRollBack ?? true,
    reset: () => (cache = []),
    rollBack(n) {
      if (!defects.rollBack) cache = cache.slice(0, -n);
    },
    forward(tokens) {
      const filled = cache.length > 0;
      const wrong = tokens.length === 1 ? defects.decode : filled && defects.prefillOnto;
      done.push(`${tokens.length}${filled ? '+' : ''}`);
      cache.push(...tokens.map((id) => (wrong ? `${id}!` : `${id}`)));
      const value = (hash32(cache.join()) % 1000) / 10;
      const noise = filled ? (defects.noise ?? 0) : 0;
      return Promise.resolve(new Float32Array([value + noise, 1]));
    },
  };
  return { made, done };
}

describe('testDevice', () => {
  test('allows everything where all ways agree to rounding', async () => {
    const { made, done } = device({ noise: 0.005 });
    expect((await testDevice(made, ids, 0.01)).reuse).toBe('prefill');
    expect(done).toEqual(['20', '1+', '1+', '1+', '10+']);
  });

  test('forbids prefill onto a filled cache where its logits differ', async () => {
    const verdict = await testDevice(device({ prefillOnto: true }).made, ids, 0.01);
    expect(verdict.reuse).toBe('decode');
    expect(verdict.words).toContain('wrongly');
  });

  test('forbids roll-back where it does not take tokens away, or cannot be asked for', async () => {
    expect((await testDevice(device({ rollBack: true }).made, ids, 0.01)).reuse).toBe('none');
    expect((await testDevice(device({ canRollBack: false }).made, ids, 0.01)).reuse).toBe('none');
  });

  test('falls back to reading in full where decoding is off by more than expected, but not wrong', async () => {
    expect((await testDevice(device({ noise: 0.3 }).made, ids, 0.01)).reuse).toBe('none');
  });

  test('refuses a device that decodes wrongly', async () => {
    await expect(testDevice(device({ decode: true }).made, ids, 0.01)).rejects.toMatchObject({
      fault: 'unavailable',
    });
  });

  test('takes what is not a number for wrong', async () => {
    await expect(testDevice(device({ noise: NaN }).made, ids, 0.01)).rejects.toMatchObject({
      fault: 'unavailable',
    });
  });
});
