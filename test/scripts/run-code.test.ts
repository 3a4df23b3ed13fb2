import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runCode } from '../../scripts/run-code.js';

test('runs are of other code when a file of it is changed, renamed or added, or a package is', () => {
  const root = mkdtempSync(join(tmpdir(), 'whetstone-run-code-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const put = (file: string, text: string) => writeFileSync(join(root, file), text);
  mkdirSync(join(root, 'src/core/stats'), { recursive: true });
  mkdirSync(join(root, 'src/optimizers'));
  mkdirSync(join(root, 'src/ui'));
  put('src/core/run.ts', 'run');
  put('src/core/stats/compare.ts', 'compare');
  put('src/optimizers/gpo.ts', 'gpo');
  put('package-lock.json', '{}');

  const seen = [runCode(root)];
  expect(seen[0]).toMatch(/^[0-9a-f]{16}$/);
  put('src/core/run.ts', 'run');
  put('src/ui/App.svelte', 'page');
  expect(runCode(root)).toBe(seen[0]);

  put('src/core/stats/compare.ts', 'compare otherwise');
  seen.push(runCode(root));
  renameSync(join(root, 'src/optimizers/gpo.ts'), join(root, 'src/optimizers/opro.ts'));
  seen.push(runCode(root));
  put('src/optimizers/ape.ts', '');
  seen.push(runCode(root));
  put('package-lock.json', '{ }');
  seen.push(runCode(root));
  expect(new Set(seen).size).toBe(5);
});
