import { describe, expect, it } from 'vitest';
import { hash, hash32 } from '../../src/core/hash.ts';

describe('hash', () => {
  // mmh3 5.3.1: struct.unpack('<4I', mmh3.hash_bytes(text.encode('utf-16-le'), seed, x64arch=False)), each word as %08x
  it.each([
    ['', 0, '00000000000000000000000000000000'],
    ['', 42, 'af6d2cb695c80cba95c80cba95c80cba'],
    ['a', 0, '033bb196ccef4fe1ccef4fe1ccef4fe1'],
    ['a', 0xffffffff, '4d999de6e1b5aacbe1b5aacbe1b5aacb'],
    ['ab', 42, '158e1a82e79ac98fe79ac98fe79ac98f'],
    ['abc', 0, '2b5b97a320f75fb55012c2b45012c2b4'],
    ['hello', 0, '498e49896c081b4802cf3f742cf72941'],
    ['0123456', 0, 'b486d475587c4a63fcf888682d417688'],
    ['01234567', 0, '6dfcf55b9db5fbd59f65185fa018ca2d'],
    ['The quick brown fox jumps over the lazy dog', 0, '15beb6860f94f6cafed4894d28be6d5b'],
    ['The quick brown fox jumps over the lazy dog', 0xffffffff, 'cf39f15c2d73af65cbc6aecb45e49ddf'],
    ['Grüße, 世界 🦙', 0, 'c997e312caf0a17fa7bbca37c6370bda'],
    ['Grüße, 世界 🦙', 42, 'e6d8b99fff33ba912c2c9b3ae264cebb'],
    ['\u0000', 0, '04a872bbedcd774bedcd774bedcd774b'],
    ['x'.repeat(1000), 0, 'd6f261ee010a59b611dba10894295556'],
    ['x'.repeat(1000), 42, '034e642084b644133f4beef93fe3cdb9'],
  ])('of %j with seed %i', (text, seed, expected) => {
    expect(hash(text, seed)).toBe(expected);
    expect(hash32(text, seed)).toBe(parseInt(expected.slice(0, 8), 16));
  });
});
