import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

/** Rooms that each room may import from, besides itself. Engines, embed, gradient and storage never meet. */
const ARROWS: Record<string, readonly string[]> = {
  core: [],
  guard: [],
  optimizers: ['core'],
  engines: ['core'],
  embed: ['core'],
  gradient: ['core'],
  storage: ['core'],
  experiments: ['core'],
  app: ['core', 'optimizers', 'engines', 'embed', 'gradient', 'storage', 'experiments', 'guard'],
  ui: ['core', 'app', 'guard'],
  main: ['app', 'ui'],
};

/** The only package that core and optimizers may use. */
const PURE_PACKAGES = /^pure-rand\//;

const SRC = resolve(dirname(fileURLToPath(import.meta.url)), '../src');
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.(ts|svelte)$/.test(path) && !path.endsWith('.d.ts'))
  .map((path) => join(SRC, path));

/** Static and dynamic imports and `new URL('./x', import.meta.url)` of one file. */
function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const patterns = [
    /(?:^|\n)\s*(?:import|export)\s[^;'"]*?from\s*['"]([^'"]+)['"]/g,
    /(?:^|\n)\s*import\s*['"]([^'"]+)['"]/g,
    /import\(\s*['"]([^'"]+)['"]\s*\)/g,
    /new URL\(\s*['"](\.[^'"]+)['"],\s*import\.meta\.url/g,
  ];
  return patterns.flatMap((pattern) => [...text.matchAll(pattern)].flatMap((match) => match[1] ?? []));
}

function roomOf(file: string): string {
  const path = relative(SRC, file).replaceAll('\\', '/');
  return path.includes('/') ? (path.split('/')[0] ?? '') : 'main';
}

describe('the arrows between rooms', () => {
  test('there are files to look at', () => {
    expect(files.length).toBeGreaterThan(30);
  });

  test.each(files.map((file) => [relative(SRC, file), file] as const))('%s', (_name, file) => {
    const room = roomOf(file);
    const allowed = ARROWS[room];
    expect(allowed, `src/${room} is not a room of the house`).toBeDefined();
    for (const target of importsOf(file)) {
      if (target.startsWith('.')) {
        const there = resolve(dirname(file), target.replace(/\?.*$/, ''));
        if (!there.startsWith(SRC)) {
          expect(['app'], `${room} imports ${target} from outside src`).toContain(room);
          continue;
        }
        const other = roomOf(there);
        expect([room, ...(allowed ?? [])], `${room} -> ${other} (${target})`).toContain(other);
        if (room === 'optimizers' && other === 'optimizers' && !file.endsWith('index.ts')) {
          expect.fail(`optimizers never import each other: ${target}`);
        }
      } else if (room === 'core' || room === 'optimizers') {
        expect(target, `${room} is pure`).toMatch(PURE_PACKAGES);
      }
    }
  });

  test('no file is called by a word that says nothing', () => {
    const empty = files.filter((file) =>
      /(utils?|helpers?|manager|misc|common)\b/i.test(relative(SRC, file)),
    );
    expect(empty.map((file) => relative(SRC, file))).toEqual([]);
  });
});
