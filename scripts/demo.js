/**
 * npm run demo: the main job without hands. A headless Chromium opens the built page, a prompt is optimized there with
 * real models, and the outcome on examples not seen before is printed as it is.
 * Options: --task NAME, --optimizer NAME, --steps N, --engine wllama|webllm, --model ID, --seed N, --json (one JSON object
 * instead of text).
 */
import { ensureDependencies, ensureNode } from './setup.js';

ensureNode();
ensureDependencies();
import('./demonstrate.js')
  .then(({ demonstrate }) => demonstrate(process.argv.slice(2)))
  .then((code) => process.exit(code))
  .catch((error) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  });
