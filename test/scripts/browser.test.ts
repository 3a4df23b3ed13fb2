import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { browserPath, installCommands } from '../../scripts/browser.js';

describe('the browser', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'whetstone-browser-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const put = (name: string) => {
    writeFileSync(join(folder, name), '');
    return join(folder, name);
  };
  const never = () => {
    throw new Error('sudo was asked');
  };

  it('is the one that CHROME_PATH names, or none', () => {
    const chrome = put('chrome');
    expect(browserPath({ CHROME_PATH: chrome })).toBe(chrome);
    expect(browserPath({ CHROME_PATH: join(folder, 'absent') })).toBeNull();
  });

  it('is installed as root with what the system has', () => {
    put('apt-get');
    expect(installCommands(true, never, { PATH: folder })).toEqual([
      ['apt-get', 'update'],
      ['apt-get', 'install', '-y', '--no-install-recommends', 'chromium'],
    ]);
  });

  it('is installed through sudo where that needs no password', () => {
    put('dnf');
    expect(installCommands(false, () => true, { PATH: folder })).toEqual([
      ['sudo', '-n', 'dnf', 'install', '-y', 'chromium'],
    ]);
    expect(installCommands(false, () => false, { PATH: folder })).toBe('dnf needs root rights');
  });

  it('needs no root with brew', () => {
    put('brew');
    expect(installCommands(false, never, { PATH: folder })).toEqual([
      ['brew', 'install', '--cask', 'google-chrome'],
    ]);
  });

  it('is not installed on a system without a known package manager', () => {
    expect(installCommands(true, never, { PATH: folder })).toMatch('no package manager');
  });
});
