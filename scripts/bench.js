/**
 * npm run bench: the methods compared at equal budget on simulated landscapes; writes docs/bench.md and docs/bench.csv.
 *   --methods a,b  --landscapes x,y  --seeds N (10)  --tokens N (400000)  a part of it; printed, written only with --write
 *   --fresh N      on N landscapes drawn anew instead, which nobody has seen
 *   --pick         what finding the best of many prompts costs by racing; writes docs/racing.md (--seeds N)
 *   --pick --engine wllama --task T   the same with prompts and answers of the real small model; writes
 *                  docs/racing-real.md (--again: from the answers kept, without a model)
 *   --overhead     what the program around the models costs, measured in a headless Chromium
 *   --engine wllama --task T --methods a,b   the same comparison with the real small model in the page
 */
import { ensureDependencies, ensureNode } from './setup.js';

ensureNode();
ensureDependencies();

const HELP =
  'Options: --methods a,b, --landscapes x,y, --seeds N, --tokens N, --fresh N, --write, --pick, --again, --overhead, --engine wllama --task T.';

const values = new Map();
const args = process.argv.slice(2);
for (let i = 0; i < args.length; i++) {
  const [name = '', inline] = String(args[i]).split('=', 2);
  if (name === '--write' || name === '--overhead' || name === '--pick' || name === '--again')
    values.set(name, true);
  else if (
    ['--methods', '--landscapes', '--seeds', '--tokens', '--fresh', '--engine', '--task'].includes(name)
  ) {
    values.set(name, inline ?? args[++i] ?? '');
  } else fail(`Cannot use ${name}.`);
}

/** @param {string} why @returns {never} */
function fail(why) {
  console.error(`${why} ${HELP}`);
  process.exit(2);
}

/** @param {string} name @param {number} usual */
function whole(name, usual) {
  if (!values.has(name)) return usual;
  const number = Number(values.get(name));
  return Number.isInteger(number) && number >= 1 ? number : fail(`${name} needs a whole number.`);
}

/** @param {string} name @returns {string[] | null} */
const list = (name) => (values.has(name) ? values.get(name).split(',').filter(Boolean) : null);

async function bench() {
  if (values.has('--pick') && values.has('--task')) {
    const { benchPickReal } = await import('./bench-pick-real.js');
    return benchPickReal({
      engine: values.get('--engine') ?? 'wllama',
      task: values.get('--task'),
      seeds: whole('--seeds', 10),
      again: values.has('--again'),
    });
  }
  if (values.has('--pick')) return (await import('./bench-pick.js')).benchPick(whole('--seeds', 10));
  if (values.has('--overhead')) return (await import('./bench-overhead.js')).benchOverhead();
  if (values.has('--engine') || values.has('--task')) {
    const { benchReal } = await import('./bench-real.js');
    return benchReal({
      engine: values.get('--engine') ?? 'wllama',
      task: values.get('--task') ?? '',
      methods: list('--methods') ?? [],
      seeds: whole('--seeds', 1),
      tokens: whole('--tokens', 0),
    });
  }
  const { benchSimulated } = await import('./bench-simulated.js');
  return benchSimulated({
    methods: list('--methods'),
    landscapes: list('--landscapes'),
    seeds: whole('--seeds', 10),
    tokens: whole('--tokens', 400_000),
    fresh: values.has('--fresh') ? whole('--fresh', 1) : 0,
    write: values.has('--write'),
  });
}

bench()
  .then((code) => process.exit(code))
  .catch((error) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  });
