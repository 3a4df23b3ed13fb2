/**
 * npm run bench:gradient: how fast the differentiable model is, in a headless Chromium, and what share of the machine's
 * matrix products it reaches. Writes docs/gradient-speed.md.
 * Options: --runs N (default 3), --only wasm|webgpu, --dry (print, do not write).
 */
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureDependencies, ensureNode, ROOT } from './setup.js';

/** @typedef {import('../test/gradient/bench-page.ts').Row} Row */
/** @typedef {import('../test/gradient/bench-page.ts').Peak} Peak */

const MODEL = 'smollm2-135m-instruct-q8_0.gguf';
const LENGTH = 64;
/** Seconds an example that forward and backward may take on two cores. */
const AIM = 3;

/** Rows, inner, columns: SmolLM2's gate and down products with one example and with four, and a large square. */
const SHAPES = [
  [1536, 576, LENGTH],
  [1536, 576, 4 * LENGTH],
  [576, 1536, 4 * LENGTH],
  [1024, 1024, 1024],
];

ensureNode();
ensureDependencies();
main().then(
  (code) => process.exit(code),
  (error) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);

async function main() {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '3' },
      only: { type: 'string', default: '' },
      dry: { type: 'boolean', default: false },
    },
  });
  const runs = Math.max(1, Number(values.runs));
  const { chromium } = await import('playwright');
  const { neededBrowser } = await import('./browser.js');
  const { serve } = await import('./serve.js');
  const { findAdapter, GPU_FLAGS, SOFTWARE_FLAGS } = await import('./webgpu.js');
  const executablePath = neededBrowser();
  const adapter = await findAdapter(executablePath);
  const real = adapter !== null && !adapter.software;

  const { url, close } = await serve({ port: 0, mode: 'dev' });
  const browser = await chromium.launch({ executablePath, args: real ? GPU_FLAGS : SOFTWARE_FLAGS });
  try {
    const page = await browser.newPage();
    page.on('pageerror', (error) => console.error(`The page failed: ${error.message}`));
    await page.exposeFunction('benchSays', (/** @type {string} */ line) => console.log(line));
    await page.goto(`${url}test/gradient/bench.html`);
    await page.waitForFunction(() => 'gradientBench' in globalThis);
    const before = loadavg()[0] ?? 0;
    const sections = [];
    if (values.only !== 'webgpu') {
      const plain = await page.evaluate((n) => Reflect.get(globalThis, 'gradientBench').plainPeaks(n), runs);
      sections.push(await measure(page, { device: 'wasm', layers: Infinity, batches: [1, 4], runs, plain }));
    }
    if (values.only !== 'wasm') {
      // In software a layer takes a second: enough to see that it works.
      const size = real ? { layers: Infinity, batches: [1, 4, 16] } : { layers: 2, batches: [1] };
      const name = await page.evaluate(async () => {
        const found = await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' });
        if (!found) return null;
        return [found.info.vendor, found.info.architecture, found.info.description].filter(Boolean).join(' ');
      });
      if (name === null) sections.push('## WebGPU\n\nThis browser has no adapter, not even in software.');
      else sections.push(await measure(page, { device: 'webgpu', ...size, runs, plain: [], name }));
    }
    const [cpu] = cpus();
    const text = `# The differentiable model: how fast it is

\`npm run bench:gradient\` writes this page. Headless Chromium ${browser.version()} on ${cpus().length} × ${cpu?.model.trim() ?? 'an unnamed processor'}; load average ${before.toFixed(1)} before it began and ${(loadavg()[0] ?? 0).toFixed(1)} at its end${before > 0.5 ? ' (**other work ran on these cores: the times are upper bounds**)' : ''}. SmolLM2-135M-Instruct, examples of ${LENGTH} tokens, 8 of them virtual; several examples share their virtual tokens, which stand in the batch once. Median of ${runs} (fastest in brackets). GFLOP/s count the matrix products of the tokens alone, not what is computed again or filled up.

${sections.join('\n\n')}
`;
    if (values.dry) console.log(text);
    else writeFileSync(join(ROOT, 'docs', 'gradient-speed.md'), text);
    return 0;
  } finally {
    await browser.close();
    await close();
  }
}

/**
 * @param {import('playwright').Page} page
 * @param {{ device: 'wasm' | 'webgpu', layers: number, batches: number[], runs: number, plain: Peak[], name?: string }} wanted
 * @returns {Promise<string>} a section of the page
 */
async function measure(page, { device, layers, batches, runs, plain, name = '' }) {
  const shapes = device === 'webgpu' && layers < Infinity ? SHAPES.slice(0, 2) : SHAPES;
  /** @type {Peak[]} */
  const own = await page.evaluate(
    ([on, sizes, n]) => Reflect.get(globalThis, 'gradientBench').peaks(on, sizes, n),
    /** @type {const} */ ([device, shapes, Math.max(5, runs)]),
  );
  /** @type {{ rows: Row[], loadSeconds: number, bytes: number }} */
  const { rows, loadSeconds, bytes } = await page.evaluate(
    (asked) => Reflect.get(globalThis, 'gradientBench').steps(asked, Reflect.get(globalThis, 'benchSays')),
    {
      url: `/models/${MODEL}`,
      device,
      // Infinity does not cross over.
      layers: Math.min(layers, 1000),
      length: LENGTH,
      batches,
      runs,
    },
  );
  const { table } = await import('./bench-report.js');
  const best = Math.max(...own.map(rate));
  const title = device === 'wasm' ? 'WebAssembly' : `WebGPU: ${name}`;
  const both = rows.find((row) => row.what === 'forward and backward' && row.examples === batches.at(-1));
  const perExample = both ? median(both.times) / both.examples : NaN;
  const aim =
    device === 'wasm'
      ? `\n\nThe aim is at most ${AIM} s an example forwards and backwards: ${perExample.toFixed(2)} s with ${both?.examples} examples together, **${perExample <= AIM ? 'reached' : 'not reached'}**.`
      : '';
  const part = layers < Infinity ? ` The first ${layers} layers only.` : '';
  return `## ${title}

${(bytes / 1e6).toFixed(0)} MB of weights, loaded in ${loadSeconds.toFixed(1)} s.${part}

${table([
  ['what', 'examples', 'tokens', 'seconds an example', 'GFLOP/s', 'share of the best product'],
  ...rows.map((row) => [
    row.what,
    String(row.examples),
    String(row.tokens),
    `${(median(row.times) / row.examples).toFixed(2)} (${(Math.min(...row.times) / row.examples).toFixed(2)})`,
    (row.operations / median(row.times) / 1e9).toFixed(1),
    `${((100 * row.operations) / median(row.times) / 1e9 / best).toFixed(0)} %`,
  ]),
])}${aim}

Matrix products alone, fastest of ${Math.max(5, runs)}:

${table([['what', 'GFLOP/s'], ...[...own, ...plain].map((peak) => [peak.what, rate(peak).toFixed(1)])])}`;
}

/** @param {Peak} peak in GFLOP/s */
function rate(peak) {
  return peak.operations / Math.min(...peak.times) / 1e9;
}

/** @param {readonly number[]} values */
function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
