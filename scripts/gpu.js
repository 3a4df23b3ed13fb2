/**
 * npm run test:gpu: WebLLM on this machine's GPU, with a model of the hub: the same tests as on the software adapter,
 * then how fast it is and what reading a common prompt once saves against web-llm's own chat path.
 * Options: --model ID (of WebLLM's list, or smollm2-local), --prefix N,N,… and --inputs N for the sizes of the workloads,
 * --only suite|bench, --json (the figures as one JSON object).
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureDependencies, ensureNode, isEntry, ROOT } from './setup.js';

/** @typedef {import('../test/engines/webllm-bench.ts').Figures} Figures */

/** @typedef {{ model: string, prefixes: number[], inputs: number, only: string, json: boolean }} Options */

const HELP = 'Options: --model ID, --prefix N,N,…, --inputs N, --only suite|bench, --json.';

const LOCAL = 'smollm2-local';

/** What is run where nothing else is named. */
const MODEL = { f16: 'SmolLM2-360M-Instruct-q4f16_1-MLC', f32: 'SmolLM2-360M-Instruct-q4f32_1-MLC' };

/** A workload that a GPU ends in seconds, and one that a GPU played in software ends in minutes. */
const SIZES = {
  gpu: { prefixes: [64, 256, 1024], inputs: 16, decode: 128 },
  software: { prefixes: [64], inputs: 3, decode: 8 },
};

if (isEntry(import.meta.url)) {
  ensureNode();
  ensureDependencies();
  const options = readOptions(process.argv.slice(2));
  if (options === null) process.exit(2);
  main(options)
    .then((code) => process.exit(code))
    .catch((error) => {
      console.error(error instanceof Error ? error.message : error);
      process.exit(1);
    });
}

/**
 * @param {Options} options
 * @returns {Promise<number>} the exit code
 */
async function main(options) {
  const { neededBrowser } = await import('./browser.js');
  const { findAdapter, GPU_FLAGS, SOFTWARE_FLAGS } = await import('./webgpu.js');
  const { missingModel } = await import('./demonstrate.js');
  /** @param {string} line */
  const say = (line) => (options.json ? console.error : console.log)(line);

  const executablePath = neededBrowser();
  const adapter = await findAdapter(executablePath);
  const real = adapter !== null && !adapter.software;
  const model = options.model || (real ? MODEL[adapter.f16 ? 'f16' : 'f32'] : LOCAL);
  if (!real && model !== LOCAL) {
    console.error(
      `No GPU was found (WebGPU gives ${adapter?.name ?? 'no adapter'}). --model ${LOCAL} runs on the software adapter.`,
    );
    return 1;
  }
  const missing = missingModel(`webllm:${model}`);
  if (missing !== null) {
    console.error(missing);
    return 1;
  }
  const half = real && adapter.f16 ? ', half precision' : '';
  say(`Adapter: ${real ? `${adapter.name}${half}` : 'SwiftShader on the processor (no GPU was found)'}`);
  say(`Model: ${model}`);

  if (options.only !== 'bench') {
    const environment = {
      ...(real ? { WHETSTONE_GPU: '1' } : {}),
      ...(model === LOCAL ? {} : { VITE_WEBLLM_MODEL: model }),
    };
    const suites = [
      ['--project', 'browser', 'test/engines/webllm.browser.test.ts'],
      ['--project', 'e2e', 'test/e2e/webllm.test.ts'],
    ];
    for (const suite of suites) {
      const code = await vitest(suite, environment, options.json);
      if (code !== 0) return 1;
    }
  }
  if (options.only === 'suite') return 0;

  const sizes = real ? SIZES.gpu : SIZES.software;
  const asked = {
    model,
    decode: sizes.decode,
    prefixes: options.prefixes.length > 0 ? options.prefixes : sizes.prefixes,
    inputs: options.inputs || sizes.inputs,
  };
  const figures = await measure(executablePath, real ? GPU_FLAGS : SOFTWARE_FLAGS, asked, say);
  if (options.json)
    console.log(JSON.stringify({ adapter: real ? adapter.name : 'swiftshader', model, ...figures }, null, 2));
  else for (const line of table(figures)) say(line);
  return 0;
}

/**
 * Runs the bench in a page of its own.
 * @param {string} executablePath
 * @param {string[]} args of Chromium
 * @param {import('../test/engines/webllm-bench.ts').BenchOptions} options
 * @param {(line: string) => void} say
 * @returns {Promise<Figures>}
 */
async function measure(executablePath, args, options, say) {
  const { chromium } = await import('playwright');
  const { serve } = await import('./serve.js');
  const { url, close } = await serve({ port: 0, mode: 'dev' });
  const browser = await chromium.launch({ executablePath, args });
  try {
    const page = await browser.newPage();
    await page.exposeFunction('benchSays', say);
    const blank = `${url}bench`;
    await page.route(blank, (route) => route.fulfill({ contentType: 'text/html', body: '<title>.</title>' }));
    await page.goto(blank);
    return await page.evaluate(async (wanted) => {
      // A name that only the page's server can resolve.
      const file = '/test/engines/webllm-bench.ts';
      /** @type {typeof import('../test/engines/webllm-bench.ts')} */
      const { bench } = await import(file);
      return bench(wanted, Reflect.get(globalThis, 'benchSays'));
    }, options);
  } finally {
    await browser.close();
    await close();
  }
}

/**
 * @param {Pick<Figures, 'prefill' | 'decode' | 'workloads'>} figures
 * @returns {string[]}
 */
export function table({ prefill, decode, workloads }) {
  const lines = [
    '',
    `Prefill ${prefill.rate.toFixed(1)} tokens/s (${prefill.tokens} tokens), decode ${decode.rate.toFixed(1)} tokens/s (${decode.tokens} tokens).`,
    '',
    'Short inputs behind one common prefix, short answers; the whole time of all asks:',
    '  prefix   asks   computed of prompt tokens   this adapter   web-llm chat     gain   same text',
  ];
  for (const { prefix, asks, computed, prompt, ownMs, webllmMs, same } of workloads) {
    const share = `${computed} of ${prompt} (${((100 * computed) / prompt).toFixed(0)} %)`;
    lines.push(
      [
        String(prefix).padStart(8),
        String(asks).padStart(6),
        share.padStart(27),
        `${(ownMs / 1000).toFixed(2)} s`.padStart(14),
        `${(webllmMs / 1000).toFixed(2)} s`.padStart(14),
        `${(webllmMs / ownMs).toFixed(1)}×`.padStart(8),
        `${same} of ${asks}`.padStart(11),
      ].join(' '),
    );
  }
  return lines;
}

/**
 * @param {string[]} args
 * @param {Record<string, string>} environment
 * @param {boolean} aside whether its output goes to standard error
 * @returns {Promise<number>}
 */
function vitest(args, environment, aside) {
  return new Promise((done, failed) => {
    const script = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
    const child = spawn(process.execPath, [script, 'run', '--reporter=verbose', ...args], {
      cwd: ROOT,
      stdio: ['ignore', aside ? process.stderr : 'inherit', 'inherit'],
      env: { ...process.env, ...environment },
    });
    child.on('error', failed);
    child.on('close', (code) => done(code ?? 1));
  });
}

/**
 * @param {string[]} args
 * @returns {Options | null} null after saying what cannot be used
 */
export function readOptions(args) {
  /** @type {Options} */
  const options = { model: '', prefixes: [], inputs: 0, only: '', json: false };
  const whole = /^[1-9]\d*$/;
  for (let i = 0; i < args.length; i++) {
    const [name = '', inline] = String(args[i]).split('=', 2);
    if (name === '--json') {
      options.json = true;
      continue;
    }
    const value = inline ?? args[++i] ?? '';
    if (name === '--model' && value !== '') options.model = value.replace(/^webllm:/, '');
    else if (name === '--prefix' && value.split(',').every((n) => whole.test(n)))
      options.prefixes = value.split(',').map(Number);
    else if (name === '--inputs' && whole.test(value)) options.inputs = Number(value);
    else if (name === '--only' && (value === 'suite' || value === 'bench')) options.only = value;
    else {
      console.error(`Cannot use ${name}${value === '' ? '' : ` ${value}`}. ${HELP}`);
      return null;
    }
  }
  return options;
}
