/** The pick bench: the best of many prompts found by a race against answering everything; writes docs/racing.md. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { meanInterval, table } from './bench-report.js';
import { bundled } from './bench-simulated.js';
import { ROOT } from './setup.js';

/** @typedef {typeof import('./bench-pick-pools.ts')} Pools */
/** @typedef {import('./bench-pick-pools.ts').Pick} Picked */
/** @typedef {import('./bench-pick-pools.ts').Source} Source */
/** @typedef {import('../src/core/race.ts').RaceOptions} RaceOptions */
/** @typedef {{ source: Source, landscape: string, seed: number, pool: import('./bench-pick-pools.ts').Pool }} Drawn */

const PROMPTS = 64;
const EXAMPLES = 200;
const COUNTS = [16, 32, 64];
const SIZES = [100, 200, 300];

/** @type {Source[]} */
const SOURCES = ['whole', 'late'];

/** The goal: this many times fewer tokens at no more than one point of regret. */
const FEWER = 5;
const REGRET = 0.01;

/**
 * @param {number} seeds
 * @returns {Promise<number>} the exit code
 */
export async function benchPick(seeds) {
  const began = Date.now();
  /** @type {Pools} */
  const known = await import(pathToFileURL(await bundled('bench-pick-pools')).href);
  /** @type {Drawn[]} */
  const drawn = [];
  for (const source of SOURCES) {
    for (const landscape of known.landscapes) {
      for (let seed = 1; seed <= seeds; seed++) {
        const pool = await known.poolOf(landscape, seed, PROMPTS, Math.max(...SIZES), source);
        drawn.push({ source, landscape, seed, pool });
      }
      console.log(`Prompts of ${landscape} (${source}) drawn and answered.`);
    }
  }
  const bySettings = await settingsTable(known, drawn);
  const bySize = await sizeTable(known, drawn);
  const byLandscape = await landscapeTable(known, drawn);
  const inRuns = await runTable(known, seeds);
  const seconds = Math.round((Date.now() - began) / 1000);
  const command = `npm run bench -- --pick${seeds === 10 ? '' : ` --seeds ${seeds}`}`;
  const { alpha, block, minBlocks } = known.defaultRace;
  const page = `# Racing

Nearly all of a search's cost is the target model answering examples, and most prompts are plainly worse than the best after a few of them. A race (\`src/core/race.ts\`) puts the same shuffled examples to all candidates, block by block, and one that the leader beats with confidence leaves.

All numbers here are simulated: \`${command}\` on the landscapes of \`test/landscape\`, where the true accuracy of every prompt is known. They compare ways of picking; they do not say how good a prompt for a real model will be. Settings were looked for with seeds 11 to 18 and are reported with seeds 1 to ${seeds}.

**Prompts.** ${PROMPTS} a landscape and seed, a third each proposed by ${known.methods.join(', ')}: \`whole\` samples whole searches, \`late\` takes their last proposals, which are much alike and hard to tell apart. **Regret** is the true accuracy of the best of them less that of the pick, in points, with a 95 % interval over ${known.landscapes.length} landscapes times ${seeds} seeds. **Fewer tokens** compares target tokens with answering every example with every prompt, nothing counted as cached; **with a cache** counts the beginning that an ask shares with the one before it as free, and answering one prompt throughout has most of that. The **goal** is ${FEWER} times fewer tokens at a regret of at most ${100 * REGRET} point.

## Tests, error and Holm's correction

${PROMPTS} prompts, ${EXAMPLES} examples, blocks of ${block}, one kept. An error of 0.15 is that of one comparison at one look.

${bySettings}

Holm's correction guards against any false elimination among all rivals, and so keeps too many; the Bernstein bound assumes nothing and hardly ever decides within ${EXAMPLES} examples; the t test is bolder than the sign test at the same error: fewer tokens, and more regret where prompts are much alike. The sign test without correction is the default: error ${alpha}, blocks of ${block}, the first look after ${minBlocks} block${minBlocks === 1 ? '' : 's'}.

## How many prompts and examples

The default settings. Where answering everything has a regret above one point itself, no race can be expected to stay below.

${table(bySize)}

Not reached: ${missed(bySize, 3)}. On few examples the split ends before a test can decide, and few prompts leave less to save.

## By landscape

The default settings, ${PROMPTS} prompts, ${EXAMPLES} examples, both sources of prompts.

${table(byLandscape)}

Not reached: ${missed(byLandscape, 1)}.

## Racing as a setting of a run

\`RunConfig.racing\` lets each full score end as soon as the best so far beats the candidate (one-sided sign test, error ${known.defaultRacing.alpha}, blocks of ${known.defaultRacing.block}). Whole searches on ${known.landscapes.length} landscapes with ${seeds} seeds, 400,000 tokens of both models together, 50 validation examples, default settings of the methods with their length raised so that the budget ends them.

${inRuns}

On so few examples the setting buys few more prompts, far from the savings of picking one of many: blocks of 10 are a fifth of the split, and whatever is not shown to be worse is still answered in full. A method also sees mere estimates of the scores of those that left. The setting is off by default.
`;
  writeFileSync(join(ROOT, 'docs', 'racing.md'), page);
  console.log(`\n${bySettings}\n\n${table(bySize)}\n\n${table(byLandscape)}\n\n${inRuns}\n`);
  console.log(`Written to docs/racing.md after ${seconds} s.`);
  return 0;
}

/**
 * The lines of a table whose last cell says that the goal was missed, by their first `cells`.
 * @param {readonly string[][]} rows
 * @param {number} cells
 */
function missed(rows, cells) {
  const lines = rows.filter((row) => row.at(-1) === 'no').map((row) => row.slice(0, cells).join(' '));
  return lines.length === 0 ? 'nowhere here' : lines.join(', ');
}

/** @param {number} share */
const points = (share) => (100 * share).toFixed(2);

/**
 * Picks from every pool.
 * @param {Pools} known
 * @param {readonly Drawn[]} drawn
 * @param {number} count
 * @param {number} size
 * @param {RaceOptions | null} options null answers everything
 */
async function picks(known, drawn, count, size, options) {
  /** @type {Picked[]} */
  const all = [];
  for (const { pool, seed } of drawn) all.push(await known.pick(pool, count, size, seed, options));
  return all;
}

/**
 * @param {readonly Picked[]} all
 * @param {readonly Picked[]} full the same by answering everything
 */
function summary(all, full) {
  /** @param {readonly Picked[]} list @param {(one: Picked) => number} of */
  const mean = (list, of) => meanInterval(list.map(of)).mean;
  const regret = meanInterval(all.map((one) => one.regret));
  const fewer = mean(full, (one) => one.tokens) / mean(all, (one) => one.tokens);
  return {
    asks: mean(all, (one) => one.asks).toFixed(0),
    fewer: `${fewer.toFixed(1)}x`,
    computed: `${(mean(full, (one) => one.computed) / mean(all, (one) => one.computed)).toFixed(1)}x`,
    regret: `${points(regret.mean)}${Number.isFinite(regret.half) ? ` ± ${points(regret.half)}` : ''}`,
    goal: fewer >= FEWER && regret.mean <= REGRET ? 'reached' : 'no',
  };
}

/** @param {readonly Drawn[]} drawn @param {Source} source */
const from = (drawn, source) => drawn.filter((one) => one.source === source);

/** @param {Pools} known @param {readonly Drawn[]} drawn */
async function settingsTable(known, drawn) {
  /** @type {string[][]} */
  const rows = [
    ['prompts', 'test', 'error', 'Holm', 'asks', 'fewer tokens', 'with a cache', 'regret', 'goal'],
  ];
  for (const source of SOURCES) {
    const own = from(drawn, source);
    const full = await picks(known, own, PROMPTS, EXAMPLES, null);
    const everything = summary(full, full);
    rows.push([source, 'none: all answered', '', '', everything.asks, '', '', everything.regret, '']);
    for (const test of /** @type {const} */ (['sign', 't', 'bernstein'])) {
      for (const alpha of [0.05, 0.15]) {
        for (const holm of [false, true]) {
          const all = await picks(known, own, PROMPTS, EXAMPLES, { ...known.defaultRace, test, alpha, holm });
          const { asks, fewer, computed, regret, goal } = summary(all, full);
          rows.push([source, test, String(alpha), holm ? 'yes' : 'no', asks, fewer, computed, regret, goal]);
        }
      }
    }
  }
  return table(rows);
}

/** @param {Pools} known @param {readonly Drawn[]} drawn */
async function sizeTable(known, drawn) {
  /** @type {string[][]} */
  const rows = [
    ['prompts', 'how many', 'examples', 'regret of all answered', 'regret', 'fewer tokens', 'goal'],
  ];
  for (const source of SOURCES) {
    const own = from(drawn, source);
    for (const count of COUNTS) {
      for (const size of SIZES) {
        const full = await picks(known, own, count, size, null);
        const all = await picks(known, own, count, size, known.defaultRace);
        const { fewer, regret, goal } = summary(all, full);
        rows.push([source, String(count), String(size), summary(full, full).regret, regret, fewer, goal]);
      }
    }
  }
  return rows;
}

/** @param {Pools} known @param {readonly Drawn[]} drawn */
async function landscapeTable(known, drawn) {
  /** @type {string[][]} */
  const rows = [['landscape', 'regret of all answered', 'regret', 'fewer tokens', 'goal']];
  for (const landscape of known.landscapes) {
    const own = drawn.filter((one) => one.landscape === landscape);
    const full = await picks(known, own, PROMPTS, EXAMPLES, null);
    const all = await picks(known, own, PROMPTS, EXAMPLES, known.defaultRace);
    const { fewer, regret, goal } = summary(all, full);
    rows.push([landscape, summary(full, full).regret, regret, fewer, goal]);
  }
  return rows;
}

/** @param {Pools} known @param {number} seeds */
async function runTable(known, seeds) {
  /** @type {string[][]} */
  const rows = [['method', 'racing', 'prompts evaluated', 'left early', 'final held-out %, 95 % interval']];
  for (const method of known.methods) {
    for (const racing of [null, known.defaultRacing]) {
      const runs = [];
      for (const landscape of known.landscapes)
        for (let seed = 1; seed <= seeds; seed++)
          runs.push(await known.playedWith(method, landscape, seed, racing));
      const { mean, half } = meanInterval(runs.map(({ final }) => final));
      const evaluated = meanInterval(runs.map((run) => run.evaluated)).mean;
      const left = meanInterval(runs.map((run) => run.left)).mean;
      rows.push([
        method,
        racing === null ? 'no' : 'yes',
        evaluated.toFixed(0),
        racing === null ? '' : left.toFixed(0),
        `${(100 * mean).toFixed(1)}${Number.isFinite(half) ? ` ± ${(100 * half).toFixed(1)}` : ''}`,
      ]);
    }
    console.log(`Runs of ${method} with and without racing done.`);
  }
  return table(rows);
}
