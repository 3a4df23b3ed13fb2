import { chromium } from 'playwright';
import { browserPath } from './browser.js';
import { ensureModels } from './models.js';
import { serve } from './serve.js';

/**
 * What the demo runs unless told otherwise. The task has headroom for a small model, and the settings end within a few
 * minutes on two cores; the test examples are all that the task has, not a lucky few.
 */
const DEFAULTS = {
  task: 'movie-reviews',
  optimizer: 'gpo',
  steps: 3,
  model: 'wllama:smollm2-135m-instruct-q8_0',
  seed: 1,
  json: false,
};

/**
 * What makes the demo short: fewer candidates and examples, and no step to a worse prompt (a method takes the options
 * that it knows). The search ends after its minutes at the latest; the final test then takes two or three more.
 */
const SHORT = {
  options: { candidates: 6, elitism: true },
  minutes: 5,
  limits: { train: 24, validation: 30 },
};

const HELP = `Options: --task NAME, --optimizer NAME, --steps N, --model ID, --seed N, --json.`;

/** A WebGPU adapter in software where the machine has none; containers run as root, which the sandbox refuses. */
const FLAGS = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--disable-background-networking',
];

/**
 * @param {string[]} args
 * @returns {Promise<number>} the exit code: 0 when the run ended, whatever its outcome
 */
export async function demonstrate(args) {
  const options = readOptions(args);
  if (options === null) return 2;
  /** @param {string} line */
  const say = (line) => (options.json ? console.error : console.log)(line);
  await ensureModels();
  const executablePath = browserPath();
  if (executablePath === null) {
    console.error('No Chromium was found. Install one, or name it in the variable CHROME_PATH.');
    return 1;
  }
  const { url, close } = await serve({ port: 0, mode: 'preview' });
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  try {
    const page = await browser.newPage();
    const progress = makeProgress(say);
    await page.exposeFunction('demoSays', progress);
    page.on('pageerror', (error) => console.error(`The page failed: ${plain(error.message)}`));
    await page.goto(url);
    await page.waitForFunction(() => 'whetstone' in globalThis);
    const outcome = await page.evaluate(runInPage, { ...options, short: SHORT });
    if ('problem' in outcome) {
      console.error(plain(outcome.problem));
      return 1;
    }
    if (options.json) console.log(JSON.stringify(outcome, null, 2));
    else report(outcome, say);
    return 0;
  } finally {
    await browser.close();
    await close();
  }
}

/**
 * Runs inside the page, through the object that the page itself works with.
 * @param {typeof DEFAULTS & { short: typeof SHORT }} wanted
 */
async function runInPage(wanted) {
  /** @type {{ whetstone: import('../src/app/types.ts').Whetstone }} */
  const { whetstone } = Object(globalThis);
  const tell = Reflect.get(globalThis, 'demoSays');
  const { config: usual } = await whetstone.defaults({
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
    budget: { steps: wanted.steps, minutes: wanted.short.minutes },
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
  /** @type {{ result: import('../src/core/events.ts').TestResult | null }} */
  const found = { result: null };
  let problem = '';
  const status = await new Promise((resolve) => {
    run.subscribe((signal) => {
      if (signal.type === 'problem') problem = `${signal.message} ${signal.advice}`;
      if (signal.type === 'event' && signal.event.type === 'proposed') {
        prompts.set(signal.event.candidate.id, signal.event.candidate.prompt);
      }
      if (signal.type === 'event' && signal.event.type === 'tested') found.result = signal.event.result;
      const ended = signal.type === 'status' && ['finished', 'failed', 'stopped'].includes(signal.status);
      const worthTelling =
        signal.type !== 'event' ||
        ['step', 'best', 'scored', 'stage', 'searched'].includes(signal.event.type);
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
      return;
    }
    const { signal, usage } = message;
    if (signal.type === 'loading') {
      const { doing } = signal.progress;
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
}

/** @param {number} score */
const percent = (score) => `${(100 * score).toFixed(1)} %`;

/** @param {number} ms */
const minutes = (ms) => (ms < 90_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`);

/**
 * Model text as one line that cannot steer a terminal.
 * @param {string} text
 */
const plain = (text) => text.replace(/\s+/g, ' ').replace(/[\p{Cc}\p{Cf}]/gu, '');

/**
 * @param {string[]} args
 * @returns {typeof DEFAULTS | null}
 */
function readOptions(args) {
  const options = { ...DEFAULTS };
  for (let i = 0; i < args.length; i++) {
    const [name, inline] = String(args[i]).split('=', 2);
    if (name === '--json') {
      options.json = true;
      continue;
    }
    const value = inline ?? args[++i] ?? '';
    if (name === '--task' || name === '--optimizer' || name === '--model') {
      if (value !== '') {
        options[/** @type {'task' | 'optimizer' | 'model'} */ (name.slice(2))] = value;
        continue;
      }
    }
    const number = Number(value);
    if (
      (name === '--steps' || name === '--seed') &&
      value !== '' &&
      Number.isInteger(number) &&
      number >= (name === '--seed' ? 0 : 1)
    ) {
      options[/** @type {'steps' | 'seed'} */ (name.slice(2))] = number;
      continue;
    }
    console.error(`Cannot use ${name}${value === '' ? '' : ` ${value}`}. ${HELP}`);
    return null;
  }
  return options;
}
