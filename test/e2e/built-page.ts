import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, preview } from 'vite';
import { ROOT } from '../../scripts/setup.js';

/**
 * A page of a test, built as the real one is and served on this machine. `input` is its path in the repository. Where
 * BUILT_PAGE names a folder, the page that was built there is served.
 */
export async function builtPage(input: string): Promise<{ url: string; close(): Promise<void> }> {
  const there = process.env.BUILT_PAGE;
  const outDir = there ?? mkdtempSync(join(tmpdir(), 'whetstone-page-'));
  if (there === undefined)
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
      if (there === undefined) rmSync(outDir, { recursive: true, force: true });
    },
  };
}
