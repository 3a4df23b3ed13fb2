import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../../scripts/setup.js';

/** What docs/reliability.md says is tested, is: its files are there, its tests are in them, its commands are known. */

const page = readFileSync(join(ROOT, 'docs/reliability.md'), 'utf8');
const { scripts } = v.parse(
  v.object({ scripts: v.record(v.string(), v.string()) }),
  JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')),
);

interface Row {
  line: string;
  cells: string[];
}

/** Rows of all tables, but for their heads. */
const rows = page.split('\n').flatMap((line): Row[] => {
  if (!line.startsWith('| ') || /^\|(?: -+ \|)+$/.test(line) || line.startsWith('| fault or attack'))
    return [];
  return [
    {
      line,
      cells: line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    },
  ];
});

describe('the page on reliability', () => {
  test('has a table for each promise', () => {
    for (const promise of ['Nothing leaves', 'Nothing is lost', 'Bad input', 'Long work'])
      expect(page).toContain(`\n## ${promise}\n`);
    expect(rows.length).toBeGreaterThan(15);
  });

  test.each(rows)('$line', ({ cells }) => {
    expect(cells).toHaveLength(4);
    for (const cell of cells) expect(cell).not.toBe('');
    const [, by = ''] = cells;
    const files = [...by.matchAll(/`([^`]+\.test\.ts)`/g)].map(([, file = '']) => file);
    const commands = [...by.matchAll(/`npm run ([\w:-]+)/g)].map(([, name = '']) => name);
    expect(files.length + commands.length).toBeGreaterThan(0);
    for (const file of files) expect(existsSync(join(ROOT, file)), file).toBe(true);
    for (const name of commands) expect(Object.keys(scripts)).toContain(name);
    // What is no test is not in CI, and the row says why.
    if (files.length === 0) expect(by).toMatch(/not in CI: \S/);
    // Names of tests stand in quotation marks behind the file that they are in.
    for (const part of by.split(/(?=`[^`]+\.test\.ts`)/)) {
      const [, file] = /^`([^`]+\.test\.ts)`/.exec(part) ?? [];
      const text = file === undefined ? '' : readFileSync(join(ROOT, file), 'utf8');
      if (file !== undefined)
        for (const [, name = ''] of part.matchAll(/“([^”]+)”/g)) expect(text).toContain(name);
    }
  });
});
