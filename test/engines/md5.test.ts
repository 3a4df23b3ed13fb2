import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { md5 } from '../../src/engines/md5.ts';

const of = (...chunks: (string | Uint8Array)[]) => {
  const hash = md5();
  for (const chunk of chunks) hash.add(typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk);
  return hash.end();
};

test('the test suite of RFC 1321', () => {
  expect(of('')).toBe('d41d8cd98f00b204e9800998ecf8427e');
  expect(of('a')).toBe('0cc175b9c0f1b6a831c399e269772661');
  expect(of('abc')).toBe('900150983cd24fb0d6963f7d28e17f72');
  expect(of('message digest')).toBe('f96b697d7cb7938d525a2f31aaf161d0');
  expect(of('abcdefghijklmnopqrstuvwxyz')).toBe('c3fcd3d76192e4007dfb496cca67e13b');
  expect(of('12345678901234567890123456789012345678901234567890123456789012345678901234567890')).toBe(
    '57edf4a22be3c955ac49da2e2107b67a',
  );
});

test('however the bytes are cut, it is the hash of them all', () => {
  const chunk = fc.uint8Array({ maxLength: 200 });
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 8 }), (chunks) => {
      expect(of(...chunks)).toBe(createHash('md5').update(Buffer.concat(chunks)).digest('hex'));
    }),
  );
});
