import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packageSource, readEntry } from '../../scripts/packages.js';

describe('packages', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'whetstone-packages-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it.each([0, 9])('gives an entry of an archive (compression %i)', async (level) => {
    const archive = join(folder, 'a.whl');
    const content = Buffer.from('some text '.repeat(1000));
    const entries: Record<string, Uint8Array> = {
      'm/weights.bin': content,
      'weights.bin': Buffer.from('other'),
    };
    writeFileSync(archive, zipSync(entries, { level: level === 0 ? 0 : 9 }));
    expect((await readEntry(archive, 'm/weights.bin')).equals(content)).toBe(true);
    await expect(readEntry(archive, 'absent')).rejects.toThrow('holds no absent');
  });

  it('refuses an archive cut short', async () => {
    const archive = join(folder, 'a.whl');
    const whole = zipSync({ 'weights.bin': Buffer.from('some text '.repeat(1000)) });
    writeFileSync(archive, whole.subarray(0, whole.length - 30));
    await expect(readEntry(archive, 'weights.bin')).rejects.toThrow();
  });

  it('leaves nothing behind', () => {
    const packages = packageSource(folder);
    expect(readdirSync(folder).length).toBe(1);
    packages.close();
    expect(readdirSync(folder)).toEqual([]);
  });
});
