import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { playwright } from '@vitest/browser-playwright';
import type { Plugin } from 'vite';
import { VitePWA } from 'vite-plugin-pwa';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { browserPath } from './scripts/browser.js';
import { guardPlugin } from './scripts/guard.js';
import { licencePlugins } from './scripts/licences.js';
import { methodsPlugin } from './scripts/method-data.js';
import { runCodePlugin } from './scripts/run-code.js';
import { modelsPlugin } from './scripts/serve-models.js';
import { webgpuFlags } from './scripts/webgpu.js';

/** Threads in WASM need a cross-origin isolated page. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

const checks = { pluginTimings: false };
const licences = licencePlugins();

/** onnxruntime-web holds evals (protobufjs looking for Node.js, a thread under Node.js), which our policy refuses. */
const withoutEval: Plugin = {
  name: 'whetstone-without-eval',
  transform(code, id) {
    const found = 'eval("quire".replace(/^/,"re"))(moduleName)';
    return id.includes('/onnxruntime-web/dist/')
      ? { code: code.replace(found, () => 'null').replaceAll('(0,eval)(', '(void 0)('), map: null }
      : null;
  },
};

/** Has the browser compile what the page begins with beside its main thread as it arrives, not when each function is called. */
const compiledAhead: Plugin = {
  name: 'whetstone-compiled-ahead',
  enforce: 'post',
  generateBundle: {
    order: 'post',
    handler(_options, bundle) {
      for (const part of Object.values(bundle))
        if (part.type === 'chunk' && part.name === 'page')
          part.code = `//# allFunctionsCalledOnLoad\n${part.code}`;
    },
  },
};

/** A server may say that files vary by origin; a worker's script is asked for with one, the page keeps it without. */
const matchOptions = { ignoreVary: true };

/**
 * The service worker that lets the page open without a network. The page's own parts are fetched at once, those of an
 * engine when its model is downloaded (src/app/kept-parts.ts) or first used; weights have caches of their own (src/engines), which no update of the page touches.
 */
const offline = VitePWA({
  registerType: 'prompt',
  injectRegister: false,
  manifest: false,
  workbox: {
    globPatterns: ['**/*.{html,js,css,svg,webmanifest}', 'lessons/*'],
    globIgnores: ['**/{webllm,bge}.worker-*.js'],
    navigateFallback: 'index.html',
    cleanupOutdatedCaches: true,
    inlineWorkboxRuntime: true,
    importScripts: ['guard.js', 'notified.js'],
    // From the first visit on: what is fetched before it is loaded again must be kept, too.
    clientsClaim: true,
    sourcemap: false,
    runtimeCaching: [
      {
        urlPattern: ({ url, sameOrigin }) => sameOrigin && url.pathname.includes('/assets/'),
        handler: 'CacheFirst',
        options: { cacheName: 'whetstone/engines', expiration: { maxEntries: 30 }, matchOptions },
      },
      {
        // The list of models that the server has, and the embedding model, which keeps no cache of its own.
        urlPattern: ({ url, sameOrigin }) =>
          sameOrigin && /\/models\/(?:index\.json$|Xenova\/)/.test(url.pathname),
        handler: 'NetworkFirst',
        options: { cacheName: 'whetstone/embedder', matchOptions },
      },
    ],
  },
});

const executablePath = browserPath();

const withoutModels = ['hostile', 'kept', 'kills', 'lacks', 'licences', 'share'].map(
  (name) => `test/e2e/${name}.test.ts`,
);

/** A project of tests of parts in a browser; those of a higher `groupOrder` begin when the others have ended. */
const inBrowser = (name: string, groupOrder: number, which: TestProjectInlineConfiguration['test']) => ({
  extends: true as const,
  test: {
    name,
    testTimeout: 120_000,
    // A machine with other work is late now and then. What needed a second try is told.
    retry: 1,
    sequence: { groupOrder },
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({
        launchOptions: { ...(executablePath ? { executablePath } : {}), args: webgpuFlags() },
      }),
      instances: [{ browser: 'chromium' as const }],
    },
    ...which,
  },
});

/** A project of end-to-end tests; `groupOrder` as there. */
const endToEnd = (name: string, groupOrder: number, which: TestProjectInlineConfiguration['test']) => ({
  extends: true as const,
  test: {
    name,
    globalSetup: 'test/e2e/built.ts',
    environment: 'node' as const,
    testTimeout: 600_000,
    hookTimeout: 180_000,
    retry: 1,
    sequence: { groupOrder },
    ...which,
  },
});

export default defineConfig({
  base: './',
  // The package exports its scripts only; its WASM files are served from here, not from its CDN.
  resolve: {
    alias: [
      {
        find: /^onnxruntime-web\/dist\//,
        replacement: fileURLToPath(new URL('node_modules/onnxruntime-web/dist/', import.meta.url)),
      },
    ],
  },
  plugins: [
    svelte({ configFile: false }),
    methodsPlugin(),
    runCodePlugin(),
    modelsPlugin(),
    guardPlugin(),
    compiledAhead,
    licences.page,
    offline,
  ],
  server: { headers: isolation },
  preview: { headers: isolation },
  worker: { format: 'es', plugins: () => [withoutEval, licences.worker()], rolldownOptions: { checks } },
  optimizeDeps: {
    exclude: ['@jax-js/jax', '@wllama/wllama', '@mlc-ai/web-llm'],
    include: ['@xenova/transformers', 'papaparse'],
  },
  build: {
    target: 'es2023',
    chunkSizeWarningLimit: 8000,
    // All browsers of that target know it.
    modulePreload: { polyfill: false },
    rolldownOptions: {
      checks,
      // What the page begins with, in one piece: some forty small ones are a tenth larger, and as many requests.
      output: {
        codeSplitting: {
          groups: [
            { name: 'page', test: /src[\\/](?:ui[\\/]App\.svelte|app[\\/]whetstone\.ts)$/ },
            // The method that is chosen at first, with what it shares with the others.
            { name: 'gpo', test: /src[\\/]optimizers[\\/]gpo\.ts$/ },
          ],
        },
      },
    },
  },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.browser.test.ts', 'test/e2e/**'],
          setupFiles: ['test/properties.ts'],
          // The usual number, one less than cores, leaves half of a machine with two idle.
          maxWorkers: '100%',
          // Property tests take seconds where the machine has other work.
          testTimeout: 60_000,
          environment: 'node',
        },
      },
      // A real model or a gradient wants the machine for itself; what asks none does not.
      inBrowser('browser-pages', 1, {
        include: ['test/{ui,app,storage}/**/*.browser.test.ts'],
        maxWorkers: 2,
      }),
      inBrowser('browser', 2, {
        include: ['test/{embed,engines,gradient,scripts}/**/*.browser.test.ts'],
        fileParallelism: false,
      }),
      endToEnd('e2e-pages', 1, { include: withoutModels, maxWorkers: 2 }),
      endToEnd('e2e', 2, { include: ['test/e2e/*.test.ts'], exclude: withoutModels, fileParallelism: false }),
    ],
  },
});
