import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './setup.js';

/** All that decides what a run tells of its log. */
const SOURCES = ['src/core', 'src/optimizers', 'package-lock.json'];

/**
 * Tells the page which code its runs are made of, so that it reads what was kept of a run only where it would be told
 * again word for word.
 * @returns {import('vite').Plugin}
 */
export function runCodePlugin() {
  return {
    name: 'whetstone-run-code',
    config: (_config, { command }) => ({
      define: { __RUN_CODE__: JSON.stringify(command === 'build' ? runCode() : '') },
    }),
  };
}

/** @returns {string} the same for the same files */
export function runCode(root = ROOT) {
  const sum = createHash('sha256');
  for (const source of SOURCES)
    for (const file of filesIn(join(root, source)).sort())
      sum.update(file.slice(root.length)).update('\0').update(readFileSync(file)).update('\0');
  return sum.digest('hex').slice(0, 16);
}

/**
 * @param {string} path
 * @returns {string[]}
 */
function filesIn(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path).flatMap((name) => filesIn(join(path, name)));
}
