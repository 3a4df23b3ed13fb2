import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, preview } from 'vite';
import { ROOT } from '../../scripts/setup.js';

/** A page of a test, built as the real one is and served on this machine. `input` is its path in the repository. */
export async function builtPage(input: string): Promise<{ url: string; close(): Promise<void> }> {
  const outDir = mkdtempSync(join(tmpdir(), 'whetstone-page-'));
  await build({
    root: ROOT,
    logLevel: 'error',
    mode: 'production',
    // Names stay what they are: only how it is cut into files and workers matters here.
    build: { outDir, emptyOutDir: true, minify: false, rolldownOptions: { input: join(ROOT, input) } },
  });
  const server = await preview({ root: ROOT, logLevel: 'error', build: { outDir }, preview: { port: 0 } });
  return {
    url: `${server.resolvedUrls?.local[0] ?? ''}${input}`,
    async close() {
      await server.close();
      rmSync(outDir, { recursive: true, force: true });
    },
  };
}
