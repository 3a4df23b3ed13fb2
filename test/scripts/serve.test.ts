import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildIsCurrent } from '../../scripts/serve.js';

describe('buildIsCurrent', () => {
  let root = '';
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'whetstone-build-'));
    put('index.html', 1000);
    put('src/core/run.ts', 1000);
    for (const folder of ['src/core', 'src']) utimesSync(join(root, folder), 1000, 1000);
  });
  afterEach(() => rmSync(root, { recursive: true }));

  function put(path: string, seconds: number) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, '');
    utimesSync(file, seconds, seconds);
  }

  it('is false before the first build', () => {
    expect(buildIsCurrent(root)).toBe(false);
  });

  it('is true after a build, until a source changes', () => {
    put('dist/index.html', 2000);
    expect(buildIsCurrent(root)).toBe(true);
    utimesSync(join(root, 'src/core/run.ts'), 2001, 2001);
    expect(buildIsCurrent(root)).toBe(false);
  });

  it('notices a deleted source', () => {
    put('dist/index.html', 2000);
    rmSync(join(root, 'src/core/run.ts'));
    expect(buildIsCurrent(root)).toBe(false);
  });
});
