import { chromium } from 'playwright';
import { neededBrowser } from './browser.js';
import { ensureModels } from './models.js';
import { serve } from './serve.js';
import { modelPath, WEBLLM_PREFIX } from './serve-models.js';
import { findAdapter, GPU_FLAGS, SOFTWARE_FLAGS } from './webgpu.js';

/**
 * What the demo runs unless told otherwise. The task has headroom for a small model, and the settings end within a few
 * minutes on two cores; the test examples are all that the task has, not a lucky few.
 */
const DEFAULTS = {
  task: 'movie-reviews',
  optimizer: 'gpo',
  model: 'wllama:smollm2-135m-instruct-q8_0',
  seed: 1,
  json: false,
};

/** The model of an engine where only the engine is named. WebLLM's is read from WHETSTONE_MODELS. */
export const FIRST_MODELS = { wllama: DEFAULTS.model, webllm: 'webllm:smollm2-local' };

/**
 * What makes the demo short: fewer candidates and examples, and no step to a worse prompt (a method takes the options
 * that it knows). The search ends after its minutes at the latest; the final test then takes two or three more.
 */
const SHORT = {
  steps: 3,
  options: { candidates: 6, elitism: true },
  minutes: 5,
  limits: { train: 24, validation: 30 },
};

/**
 * What is left of that where WebGPU is played in software, at some six tokens a second: enough to see every part work,
 * far too little to find a better prompt or to prove one.
 * @type {{ steps: number, options: Record<string, number | boolean>, minutes: number, limits: { train: number, validation: number, test?: number } }}
 */
const TINY = {
  steps: 1,
  options: { candidates: 1, exemplars: 1, epochs: 1, batch: 2, elitism: true },
  minutes: 5,
  limits: { train: 2, validation: 3, test: 4 },
};

const HELP =
  'Options: --task NAME, --optimizer NAME, --steps N, --engine wllama|webllm, --model ID, --seed N, --json.';

/**
 * @param {string[]} args
 * @returns {Promise<number>} the exit code: 0 when the run ended, whatever its outcome
 */
export async function demonstrate(args) {
  const options = readOptions(args);
  if (options === null) return 2;
  /** @param {string} line */
  const say = (line) => (options.json ? console.error : console.log)(line);
  const missing = missingModel(options.model);
  if (missing !== null) {
    console.error(missing);
    return 1;
  }
  await ensureModels();
  const executablePath = neededBrowser();
  const webllm = options.model.startsWith('webllm:');
  const adapter = webllm ? await findAdapter(executablePath) : null;
  const real = adapter !== null && !adapter.software;
  const size = webllm && !real ? TINY : SHORT;
  const { steps = size.steps } = options;
  if (size === TINY) for (const line of tinyNotice(TINY)) say(line);
  const flags = real ? GPU_FLAGS : SOFTWARE_FLAGS;
  const outcome = await runReal({ ...options, steps, short: size }, { executablePath, flags }, say);
  if ('problem' in outcome) {
    console.error(plain(outcome.problem));
    return 1;
  }
  if (options.json) console.log(JSON.stringify(outcome, null, 2));
  else report(outcome, say);
  if (size === TINY) {
    say(`This was a tiny run: ${outcome.n} test examples say nothing about either prompt.`);
  }
  return 0;
}

/**
 * @typedef {object} Size what makes a run short
 * @property {Record<string, number | boolean | string>} options of a method that knows them
 * @property {{ train: number, validation: number, test?: number }} limits
 * @property {import('../src/core/budget.ts').Budget} [budget] default: the steps and minutes
 * @property {number} minutes
 */

/** @typedef {{ task: string, optimizer: string, model: string, seed: number, steps: number, short: Size }} Wanted */

/**
 * One run with a real model, in a headless Chromium that shows the built page. Says how it goes.
 * @param {Wanted} wanted
 * @param {{ executablePath: string, flags: string[], url?: string }} chrome `url`: of the page where it is served already
 * @param {(line: string) => void} say
 */
export async function runReal(wanted, { executablePath, flags, url }, say) {
  const served = url === undefined ? await serve({ port: 0, mode: 'preview' }) : null;
  const browser = await chromium.launch({ executablePath, args: flags });
  try {
    const page = await browser.newPage();
    await page.exposeFunction('demoSays', makeProgress(say));
    page.on('pageerror', (error) => console.error(`The page failed: ${plain(error.message)}`));
    await page.goto(url ?? served?.url ?? '');
    await page.waitForFunction(() => 'whetstone' in globalThis);
    return await page.evaluate(runInPage, wanted);
  } finally {
    await browser.close();
    await served?.close();
  }
}

/**
 * Runs inside the page, through the object that the page itself works with.
 * @param {Wanted} wanted
 */
async function runInPage(wanted) {
  /** @type {{ whetstone: import('../src/app/types.ts').Whetstone }} */
  const { whetstone } = Object(globalThis);
  const tell = Reflect.get(globalThis, 'demoSays');
  // How answers are read is not checked first: a demonstration is short, and comparable with others.
  const {
    config: { reading: _, ...usual },
  } = await whetstone.defaults({
    task: wanted.task,
    target: wanted.model,
    optimizer: wanted.model,
    method: wanted.optimizer,
  });
  const known = Object.keys(usual.options);
  const options = { ...usual.options };
  for (const [name, value] of Object.entries({ ...wanted.short.options, steps: wanted.steps })) {
    if (known.includes(name)) options[name] = value;
  }
  const config = {
    ...usual,
    options,
    seed: wanted.seed,
    budget: wanted.short.budget ?? { steps: wanted.steps, minutes: wanted.short.minutes },
    limits: wanted.short.limits,
  };
  const cost = await whetstone.cost(config);
  await tell({
    type: 'begin',
    task: wanted.task,
    optimizer: wanted.optimizer,
    model: wanted.model,
    cost,
    rendering: config.rendering,
  });
  const run = await whetstone.start(config);
  /** @type {Map<string, string>} */
  const prompts = new Map();
  /** @type {{ result: import('../src/core/events.ts').TestResult | null, soft: import('../src/core/events.ts').Measured | null }} */
  const found = { result: null, soft: null };
  /** What a method that follows gradients did: stretches of steps, steps, examples read in them, its time, restarts. */
  const gradient = { chunks: 0, steps: 0, examples: 0, ms: 0, restarts: 0 };
  let problem = '';
  const status = await new Promise((resolve) => {
    run.subscribe((signal) => {
      if (signal.type === 'problem') problem = `${signal.message} ${signal.advice}`;
      if (signal.type === 'event' && signal.event.type === 'proposed') {
        prompts.set(signal.event.candidate.id, signal.event.candidate.prompt);
      }
      if (signal.type === 'event') {
        const { event } = signal;
        if (event.type === 'tested') found.result = event.result;
        if (event.type === 'restart') gradient.restarts += 1;
        if (event.type === 'tuned' && !(event.validation.loss >= (found.soft?.loss ?? Infinity)))
          found.soft = event.validation;
        if (event.type === 'computed') {
          gradient.ms += event.ms;
          if (event.what === 'steps') {
            gradient.chunks += 1;
            gradient.steps += event.steps;
            gradient.examples += event.examples;
          }
        }
      }
      const ended = signal.type === 'status' && ['finished', 'failed', 'stopped'].includes(signal.status);
      const worthTelling =
        signal.type !== 'event' ||
        ['step', 'best', 'scored', 'stage', 'searched', 'tuned', 'restart', 'rolled-back'].includes(
          signal.event.type,
        );
      if (worthTelling) tell({ type: 'signal', signal, usage: run.usage });
      if (ended) resolve(signal.status);
    });
  });
  const tested = found.result;
  if (status !== 'finished' || tested === null) return { problem: problem || `The run ended as ${status}.` };
  const { initial, best, comparison, n } = tested;
  return {
    task: wanted.task,
    optimizer: wanted.optimizer,
    model: wanted.model,
    seed: wanted.seed,
    initial: { prompt: prompts.get(initial.candidate) ?? '', score: initial.score },
    best: { prompt: prompts.get(best.candidate) ?? '', score: best.score },
    comparison,
    n,
    usage: run.usage,
    /** The best soft prompt on validation, null where there was none; and what it took. */
    soft: found.soft,
    gradient,
  };
}

/** @typedef {Exclude<Awaited<ReturnType<typeof runInPage>>, { problem: string }>} Outcome */

/** @param {(line: string) => void} say */
function makeProgress(say) {
  const began = Date.now();
  const state = { step: '0', best: '', left: '', spoke: 0, loading: new Set() };
  /** @param {any} message from `runInPage` */
  return (message) => {
    if (message.type === 'begin') {
      const { cost, rendering } = message;
      say(`Task ${message.task}, method ${message.optimizer}, model ${message.model} for both roles.`);
      say(`The target is asked by ${rendering.style}, answers are read by ${rendering.read}.`);
      say(`At most ${cost.targetCalls} answers in the search and ${cost.optimizerCalls} proposals.`);
      if (cost.tuned)
        say(
          `At most ${cost.tuned.steps} gradients and ${cost.tuned.measured} measurements of one example each.`,
        );
      return;
    }
    const { signal, usage } = message;
    if (signal.type === 'loading') {
      // Once a stage, not once a part of it: `Compiling GPU programs [3/46]`.
      const doing = signal.progress.doing.replace(/ *[[(].*$/, '');
      if (!state.loading.has(doing)) say(`${plain(doing)} …`);
      state.loading.add(doing);
      return;
    }
    if (signal.type === 'left') {
      state.left =
        signal.ms === null ? '' : `${signal.atLeast ? 'at least' : 'about'} ${minutes(signal.ms)} left`;
      if (Date.now() - state.spoke < 15_000) return;
    } else if (signal.type === 'event') {
      const { event } = signal;
      if (event.type === 'step')
        state.step = event.of === null ? String(event.step) : `${event.step}/${event.of}`;
      if (event.type === 'best') state.best = percent(event.score);
      if (event.type === 'searched')
        say(`Search ended (${event.reason}). Testing on examples not seen before.`);
      if (event.type === 'tuned') {
        const { gradientStep, validation, text } = event;
        say(`  gradient step ${gradientStep} · ${lossWords(validation)} · nearest words: ${plain(text)}`);
      }
      if (event.type === 'restart' && event.source !== 'initial')
        say(`  restart by ${event.source} · ${lossWords(event)} · ${plain(event.text)}`);
      if (event.type === 'rolled-back') say(`  steps undone: ${plain(event.reason)}`);
      if (!['step', 'best'].includes(event.type)) return;
    } else if (signal.type === 'problem') {
      say(`${plain(signal.message)} ${plain(signal.advice)}`);
      return;
    } else return;
    state.spoke = Date.now();
    const { target, optimizer } = usage;
    const tokens = target.in - target.cached + target.out + optimizer.in - optimizer.cached + optimizer.out;
    const parts = [
      `step ${state.step}`,
      state.best && `best ${state.best}`,
      `${usage.targetCalls} answers`,
      `${tokens} tokens`,
      `${minutes(Date.now() - began)} so far`,
      state.left,
    ];
    say(parts.filter(Boolean).join(' · '));
  };
}

/**
 * @param {Outcome} outcome
 * @param {(line: string) => void} say
 */
function report({ initial, best, comparison, n }, say) {
  say('');
  say(`Initial prompt (${percent(initial.score)} on ${n} examples not seen before):`);
  say(`  ${plain(initial.prompt)}`);
  if (comparison === null) {
    say('No candidate beat it in the search, so there is nothing to compare.');
    return;
  }
  say(`Best prompt found (${percent(best.score)} on the same examples):`);
  say(`  ${plain(best.prompt)}`);
  const { difference, low, high, gained, lost, p, method } = comparison;
  /** @param {number} x */
  const points = (x) => `${x >= 0 ? '+' : '−'}${Math.abs(100 * x).toFixed(1)}`;
  say(`Difference ${points(difference)} points, 95 % interval [${points(low)}, ${points(high)}], n = ${n}.`);
  say(`${gained} examples gained, ${lost} lost${p === null ? '' : `, p = ${p.toPrecision(2)}`} (${method}).`);
  say(
    {
      better: 'The new prompt is shown to be better.',
      worse: 'The new prompt is shown to be worse: keep the initial one.',
      'not shown': 'The new prompt is not shown to be better: the difference may be chance.',
    }[comparison.verdict],
  );
  if (comparison.needed !== null)
    say(
      `About ${Number(comparison.needed.toPrecision(2))} test examples would be needed to show a difference of this size.`,
    );
}

/** @param {number} score */
const percent = (score) => `${(100 * score).toFixed(1)} %`;

/** @param {import('../src/core/events.ts').Measured} measured */
const lossWords = ({ loss, accuracy }) =>
  `loss ${loss.toFixed(3)}${accuracy === null ? '' : `, accuracy ${percent(accuracy)}`}`;

/** @param {number} ms */
const minutes = (ms) => (ms < 90_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`);

/**
 * Model text as one line that cannot steer a terminal.
 * @param {string} text
 */
export const plain = (text) => text.replace(/\s+/g, ' ').replace(/[\p{Cc}\p{Cf}]/gu, '');

/**
 * Said before a run whose outcome means nothing.
 * @param {typeof TINY} tiny
 */
function tinyNotice({ limits: { train, validation, test } }) {
  return [
    'No GPU was found: WebGPU is played in software, at some six tokens a second.',
    `So this run is tiny (${train} training, ${validation} validation and ${test} test examples): it shows that every part works, not that a prompt got better.`,
  ];
}

/**
 * What to do about a model that the page could not load, as one text; null when it is there or the browser downloads it.
 * @param {string} model
 * @param {NodeJS.ProcessEnv} [environment]
 * @returns {string | null}
 */
export function missingModel(model, environment = process.env) {
  if (model !== FIRST_MODELS.webllm || modelPath(`${WEBLLM_PREFIX}model.wasm`, environment) !== null)
    return null;
  const folder = WEBLLM_PREFIX.split('/')[0];
  const place = environment.WHETSTONE_MODELS;
  return [
    `The model ${model} is not on this machine: ${place ? `${place}, which WHETSTONE_MODELS names, holds no` : 'WHETSTONE_MODELS is not set to a folder that holds'} ${folder}/.`,
    'That folder is SmolLM2-135M-Instruct built for WebLLM without half precision: model.wasm, mlc-chat-config.json, tensor-cache.json, tokenizer.json and the weights. It is not published; set WHETSTONE_MODELS to the folder that it lies in.',
    'A model of the hub does too, downloaded by the browser: --engine webllm --model SmolLM2-135M-Instruct-q0f32-MLC (719 MB).',
  ].join('\n');
}

/**
 * @param {string[]} args
 * @returns {(typeof DEFAULTS & { steps?: number }) | null} null after saying what cannot be used
 */
export function readOptions(args) {
  /** @type {typeof DEFAULTS & { steps?: number }} */
  const options = { ...DEFAULTS };
  let engine = '';
  let model = '';
  for (let i = 0; i < args.length; i++) {
    const [name = '', inline] = String(args[i]).split('=', 2);
    if (name === '--json') {
      options.json = true;
      continue;
    }
    const value = inline ?? args[++i] ?? '';
    const number = Number(value);
    const whole = value !== '' && Number.isInteger(number);
    if (name === '--task' && value !== '') options.task = value;
    else if (name === '--optimizer' && value !== '') options.optimizer = value;
    else if (name === '--model' && value !== '') model = value;
    else if (name === '--engine' && Object.hasOwn(FIRST_MODELS, value)) engine = value;
    else if (name === '--steps' && whole && number >= 1) options.steps = number;
    else if (name === '--seed' && whole && number >= 0) options.seed = number;
    else {
      console.error(`Cannot use ${name}${value === '' ? '' : ` ${value}`}. ${HELP}`);
      return null;
    }
  }
  const own = /^\w+(?=:)/.exec(model)?.[0];
  if (own !== undefined && engine !== '' && own !== engine) {
    console.error(`The model ${model} does not run on ${engine}. ${HELP}`);
    return null;
  }
  if (model !== '') options.model = own === undefined ? `${engine || 'wllama'}:${model}` : model;
  else if (engine !== '') options.model = FIRST_MODELS[/** @type {keyof typeof FIRST_MODELS} */ (engine)];
  return options;
}
