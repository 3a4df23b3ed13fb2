/**
 * The whole page over simulated models, to be closed, killed and starved. Driven by test/e2e/kept-page.ts through
 * `kept`; `?ms=5` is how long a model takes to answer.
 */
import { openDB } from 'idb';
import { mount } from 'svelte';
import { makeModels } from '../../src/app/engines.ts';
import type { ModelChoice, Run, RunSignal } from '../../src/app/types.ts';
import { makeWhetstone } from '../../src/app/whetstone.ts';
import { taskText } from '../../src/app/task-file.ts';
import App from '../../src/ui/App.svelte';
import '../../src/ui/theme.css';
import { killImports, killRestores, killRuns, killUpgrades } from './kills.ts';
import { configOf, simulated, TASK, timeless } from './world.ts';

const latency = Number(new URL(location.href).searchParams.get('ms') ?? 0);
/** How many asks were made in this tab. */
let asks = 0;
/** The ask of this number, and those after it, wait until it is raised. */
let limit = Infinity;
let raised = Promise.withResolvers<void>();
function holdAt(number: number): void {
  limit = number;
  raised.resolve();
  raised = Promise.withResolvers();
}
async function pace(): Promise<void> {
  asks += 1;
  const own = asks;
  if (latency > 0) await new Promise((resolve) => setTimeout(resolve, latency));
  while (own >= limit) await raised.promise;
}

const choice: ModelChoice = {
  id: configOf(1).models.target,
  runtime: 'wllama',
  name: 'Simulated',
  downloadBytes: 0,
  downloadEstimated: false,
  memoryBytes: 0,
  contextTokens: 8192,
  licence: 'none',
  bits: null,
  precision: null,
  recommended: true,
  added: false,
  usable: true,
  note: '',
  small: false,
  parallel: 1,
};

/** `?quota=4000000`: all that is stored here has so much room, which the browser enforces. */
const quota = Number(new URL(location.href).searchParams.get('quota') ?? 0);
if (quota > 0) {
  const { indexedDB: small } = await navigator.storageBuckets.open('small', { quota });
  Object.defineProperty(globalThis, 'indexedDB', { value: small, configurable: true });
}

/** Writes into the database until not even a little more fits. */
async function fill(): Promise<void> {
  const db = await openDB('whetstone');
  let written = 0;
  for (let size = 2 ** 16; size >= 64;) {
    // Numbers that the database cannot pack much.
    const ballast = Array.from(crypto.getRandomValues(new Uint32Array(size / 4))).join('');
    try {
      await db.put('settings', ballast, `ballast-${written}`);
      written += 1;
    } catch {
      size /= 2;
    }
  }
  db.close();
}
async function empty(): Promise<void> {
  const db = await openDB('whetstone');
  for (const key of await db.getAllKeys('settings'))
    if (String(key).startsWith('ballast')) await db.delete('settings', key);
  db.close();
}

const whetstone = makeWhetstone((store) => {
  const { target, optimizer, embedder } = simulated(pace);
  if (embedder === null) throw new Error('There is no embedder.');
  return {
    ...makeModels(store),
    choices: () => Promise.resolve([choice]),
    choice: () => Promise.resolve(choice),
    engines: () => Promise.resolve({ target, optimizer }),
    embedder: () => embedder,
    tuner: () => Promise.resolve(null),
  };
});

/** The run that this tab shows last, and what it told. */
let run: Run | null = null;
let signals: RunSignal[] = [];
function hear(next: Run): Run {
  run = next;
  const own: RunSignal[] = [];
  signals = own;
  next.subscribe((signal) => own.push(signal));
  void next.watched?.taken.then((taken) => {
    if (taken !== null) hear(taken.run);
  });
  return next;
}
let seed = 1;
let epochs = 2;
const { start, resume } = whetstone;
whetstone.start = async () =>
  hear(await start(configOf(seed, { options: { ...configOf(seed).options, epochs } })));
whetstone.resume = async (id) => hear(await resume(id));

Object.assign(globalThis, {
  whetstone,
  kept: {
    prepare: () => whetstone.importTask(taskText(TASK)),
    seed: (next: number) => void (seed = next),
    epochs: (next: number) => void (epochs = next),
    asks: () => asks,
    holdAt,
    fill,
    empty,
    /** Lets all go on, a while later. */
    releaseIn: (ms: number) => void setTimeout(() => holdAt(Infinity), ms),
    run: () => run,
    watching: () => run?.watched !== undefined,
    status: () =>
      signals.reduce((last, signal) => (signal.type === 'status' ? signal.status : last), 'none' as string),
    problems: () =>
      signals.flatMap((one) => (one.type === 'problem' ? [`${one.message} ${one.advice}`] : [])),
    /** Events that the shown run told, without times. */
    told: () => signals.flatMap((one) => (one.type === 'event' ? [timeless(one.event)] : [])),
    async replayed(id: string) {
      const events: string[] = [];
      for await (const event of whetstone.replay(id)) events.push(timeless(event));
      return events;
    },
    killRuns,
    killUpgrades,
    killImports,
    killRestores,
  },
});

const target = document.querySelector('#app');
if (target) mount(App, { target, props: { whetstone } });
