/** Puts the guard (src/guard) and the content security policy into the built page, and the policy into the server's headers. */
import { join } from 'node:path';
import { build } from 'vite';
import { builtPolicy, ELSEWHERE, headerPolicy } from '../src/guard/policy.ts';
import { ROOT } from './setup.js';

const FILE = 'guard.js';
const GUARD_TAG = `<script src="./${FILE}"></script>`;
const FIRST = '<meta charset="utf-8" />';

/**
 * A Vite plugin. The development server knows neither guard nor policy: its own scripts would not pass.
 * @returns {import('vite').Plugin}
 */
export function guardPlugin() {
  let building = false;
  return {
    name: 'whetstone-guard',
    enforce: 'post',
    configResolved: ({ command }) => {
      building = command === 'build';
    },
    transformIndexHtml(html, { path }) {
      if (!building || path !== '/index.html') return html;
      if (!html.includes(FIRST)) throw new Error(`index.html must begin its head with ${FIRST}`);
      return html.replace(FIRST, `${FIRST}\n    ${policyTag('index.html')}\n    ${GUARD_TAG}`);
    },
    generateBundle: {
      order: 'post',
      async handler(_options, bundle) {
        this.emitFile({ type: 'asset', fileName: FILE, source: await guardText() });
        const page = bundle['index.html'];
        if (page?.type !== 'asset') return;
        page.source = modulesFirst(String(page.source));
        const source = page.source.replace(policyTag('index.html'), policyTag(ELSEWHERE));
        this.emitFile({ type: 'asset', fileName: ELSEWHERE, source });
      },
    },
    configurePreviewServer: {
      // Before anything answers.
      order: 'pre',
      handler({ middlewares }) {
        middlewares.use((request, response, next) => {
          const [path = ''] = (request.url ?? '').split(/[?#]/, 1);
          const file = path.slice(path.lastIndexOf('/') + 1);
          response.setHeader('Content-Security-Policy', headerPolicy(file));
          next();
        });
      },
    },
  };
}

/**
 * Modules are named ahead of the guard, so that they are fetched and compiled meanwhile. They run when the whole page is
 * read, and so after it.
 * @param {string} html
 */
function modulesFirst(html) {
  const modules = /\s*<(?:script type="module"|link rel="modulepreload")[^>]*>(?:<\/script>)?/g;
  const tags = html.match(modules) ?? [];
  return html
    .replace(modules, '')
    .replace(GUARD_TAG, [...tags.map((tag) => tag.trim()), GUARD_TAG].join('\n    '));
}

/** @param {string} page */
function policyTag(page) {
  return `<meta http-equiv="Content-Security-Policy" content="${builtPolicy(page)}" />`;
}

/**
 * The guard as one plain script whose text is a function that can be handed on to workers.
 * @returns {Promise<string>}
 */
export async function guardText() {
  const result = await build({
    configFile: false,
    root: ROOT,
    logLevel: 'error',
    publicDir: false,
    build: {
      write: false,
      target: 'es2023',
      lib: { entry: join(ROOT, 'src/guard/guard.ts'), formats: ['iife'], name: 'guard' },
    },
  });
  const [one] = Array.isArray(result) ? result : [result];
  const chunk = one && 'output' in one ? one.output[0] : null;
  if (chunk?.type !== 'chunk' || chunk.imports.length > 0) throw new Error('The guard is not one script.');
  return `(function guardText(){${chunk.code}})();`;
}
