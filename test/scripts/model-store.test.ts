import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checksum, locate, modelFolders, writeWhole } from '../../scripts/model-store.js';

const OF_ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
const OF_ABD = 'a52d159f262b2c6ddb724a61840befc36eb30c88877a4030b65cbe86298449c9';

describe('the models folder', () => {
  let top = '';
  beforeEach(() => {
    top = mkdtempSync(join(tmpdir(), 'whetstone-store-'));
  });
  afterEach(() => rmSync(top, { recursive: true }));

  it('is in the cache of the user', () => {
    const cache = join(top, 'whetstone', 'models');
    expect(modelFolders({ XDG_CACHE_HOME: top })).toEqual({ read: [cache], write: cache });
    expect(modelFolders({}).write).toMatch(/[\\/]whetstone[\\/]models$/);
  });

  it('is MODELS_DIR where that is set', () => {
    const named = join(top, 'named');
    expect(modelFolders({ XDG_CACHE_HOME: top, MODELS_DIR: named })).toEqual({ read: [named], write: named });
  });

  it('is only read where MODELS_DIR cannot be written', () => {
    // A file in the way: also root cannot make a folder there.
    const blocked = join(top, 'file', 'models');
    writeFileSync(join(top, 'file'), '');
    const cache = join(top, 'whetstone', 'models');
    const folders = modelFolders({ XDG_CACHE_HOME: top, MODELS_DIR: blocked });
    expect(folders).toEqual({ read: [blocked, cache], write: cache });
  });

  it('is looked through for a file of the right size', () => {
    const folders = { read: [join(top, 'a'), join(top, 'b')], write: join(top, 'b') };
    mkdirSync(join(top, 'a'));
    writeFileSync(join(top, 'a', 'x'), 'too long');
    writeWhole(join(top, 'b', 'x'), 'abc');
    expect(locate('x', 3, folders)).toBe(join(top, 'b', 'x'));
    expect(locate('x', 4, folders)).toBeNull();
    expect(locate('y', 3, folders)).toBeNull();
  });

  it('remembers hashes until size or time of change differ', async () => {
    const folders = { read: [top], write: top };
    const file = join(top, 'x');
    writeFileSync(file, 'abc');
    utimesSync(file, 1000, 1000);
    expect(await checksum(file, folders)).toBe(OF_ABC);
    // The same size and time: the memory answers, which shows that the file is not read again.
    writeFileSync(file, 'abd');
    utimesSync(file, 1000, 1000);
    expect(await checksum(file, folders)).toBe(OF_ABC);
    utimesSync(file, 1001, 1001);
    expect(await checksum(file, folders)).toBe(OF_ABD);
  });

  it('survives a memory that a person has broken', async () => {
    const folders = { read: [top], write: top };
    const file = join(top, 'x');
    writeFileSync(file, 'abc');
    for (const broken of ['{', 'null', '[1]', JSON.stringify({ [file]: { bytes: 3, sha256: 'no' } })]) {
      writeFileSync(join(top, '.checked.json'), broken);
      expect(await checksum(file, folders)).toBe(OF_ABC);
    }
  });

  it('gets files whole', () => {
    const file = join(top, 'deep', 'down', 'x');
    writeWhole(file, [Buffer.from('ab'), Buffer.from('c')]);
    expect(readFileSync(file, 'utf8')).toBe('abc');
    writeWhole(file, 'abd');
    expect(readFileSync(file, 'utf8')).toBe('abd');
  });
});
