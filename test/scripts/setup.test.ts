import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dependenciesAreCurrent, isNewEnough } from '../../scripts/setup.js';

describe('isNewEnough', () => {
  it.each(['20.19.0', '20.20.2', '21.0.0', '22.12.0', '100.0.0'])('takes %s', (version) => {
    expect(isNewEnough(version)).toBe(true);
  });
  it.each(['20.18.3', '20.2.0', '19.99.0', '18.20.4', '6.0.0', '0.12.18'])('refuses %s', (version) => {
    expect(isNewEnough(version)).toBe(false);
  });
});

describe('dependenciesAreCurrent', () => {
  let root = '';
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'whetstone-setup-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const put = (path: string, seconds: number) => {
    const file = join(root, path);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, '{}');
    utimesSync(file, seconds, seconds);
  };

  it('is false without packages, and when an install was broken off', () => {
    put('package-lock.json', 1000);
    expect(dependenciesAreCurrent(root)).toBe(false);
    mkdirSync(join(root, 'node_modules'));
    expect(dependenciesAreCurrent(root)).toBe(false);
  });

  it('compares the marker with the lock file', () => {
    put('package-lock.json', 1000);
    put('node_modules/.package-lock.json', 1100);
    expect(dependenciesAreCurrent(root)).toBe(true);
    put('package-lock.json', 1200);
    expect(dependenciesAreCurrent(root)).toBe(false);
  });

  it('is content with the marker where there is no lock file', () => {
    put('node_modules/.package-lock.json', 1000);
    expect(dependenciesAreCurrent(root)).toBe(true);
  });
});
