import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { browserPath } from './scripts/browser.js';
import { modelsPlugin } from './scripts/serve-models.js';

/** Threads in WASM need a cross-origin isolated page. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** A WebGPU adapter in software where the machine has none; --no-sandbox because containers run as root. */
const chromiumFlags = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--disable-background-networking',
];

/** onnxruntime-web holds one direct eval (protobufjs looking for Node.js); a failing one is caught there. */
const checks = { eval: false, pluginTimings: false };

const executablePath = browserPath();

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
  plugins: [svelte({ configFile: false }), modelsPlugin()],
  server: { headers: isolation },
  preview: { headers: isolation },
  worker: { format: 'es', rolldownOptions: { checks } },
  optimizeDeps: { exclude: ['@wllama/wllama', '@mlc-ai/web-llm'], include: ['@xenova/transformers'] },
  build: {
    target: 'es2023',
    chunkSizeWarningLimit: 8000,
    rolldownOptions: { checks },
  },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.browser.test.ts', 'test/e2e/**'],
          // Property tests take seconds where the machine has other work.
          testTimeout: 60_000,
          environment: 'node',
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['test/**/*.browser.test.ts'],
          testTimeout: 120_000,
          fileParallelism: false,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: { ...(executablePath ? { executablePath } : {}), args: chromiumFlags },
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          environment: 'node',
          testTimeout: 600_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
