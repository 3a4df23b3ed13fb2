import { mount } from 'svelte';
import type { Run } from '../../src/app/types.ts';
import App from '../../src/ui/App.svelte';
import '../../src/ui/theme.css';
import { gradientEvents } from './recorded-gradient.ts';
import { largeEvents } from './large.ts';
import { doubtfulEvents, recordedEvents } from './recorded.ts';
import { handDownloads, manyModels, models, playedRun, standIn, summary } from './stand-in.ts';

/**
 * The page over recorded events: `look.html?events=900` stops a run there, `?every=50` plays it, `?models` lists models
 * of every kind with their downloads, `?doubtful` ends with a result that is in doubt, `?gradient` follows gradients,
 * `?lost` loses the engine, `?branched` has left another run, `?watched` goes on in another tab. `?large=500` has so many candidates (with `&examples=300`, `&graded`). For eyes only.
 */
const query = new URLSearchParams(location.search);
const every = Number(query.get('every') ?? 0);
const events = (
  query.has('large')
    ? largeEvents({
        candidates: Number(query.get('large')),
        examples: Number(query.get('examples') ?? 60),
        graded: query.has('graded'),
      })
    : query.has('gradient')
      ? gradientEvents()
      : query.has('doubtful')
        ? doubtfulEvents()
        : recordedEvents()
).slice(0, Number(query.get('events') ?? Infinity));

const downloads = handDownloads([
  ['webllm:qwen2.5-1.5b-f16', { state: 'absent' }],
  ['wllama:smollm2-135m', { state: 'kept', bytes: 144_811_072 }],
  ['webllm:qwen2.5-0.5b-f32', { state: 'paused', loaded: 61_000_000, total: 312_000_000 }],
  [
    'webllm:qwen3-4b-f16',
    {
      state: 'failed',
      loaded: 1_310_000_000,
      total: 2_262_000_000,
      message: 'params_shard_31.bin could not be fetched from huggingface.co: network error.',
      advice: 'Check the connection, then go on with the download: what has arrived was kept.',
    },
  ],
]);
let loaded = 120_000_000;
if (query.has('models')) {
  setInterval(() => {
    loaded = Math.min(loaded + 3_100_000, 491_400_032);
    const bytesPerSecond = 12_400_000;
    const leftMs = ((491_400_032 - loaded) * 1000) / bytesPerSecond;
    const state = { state: 'downloading', loaded, total: 491_400_032, bytesPerSecond, leftMs } as const;
    downloads.set('wllama:qwen2.5-0.5b', state);
  }, 250);
}

/** The same, but its engine is lost at the end. */
function broken(run: Run): Run {
  return {
    ...run,
    subscribe(listener) {
      const stop = run.subscribe(listener);
      listener({
        type: 'problem',
        message: 'The GPU was lost three times without a reply between.',
        advice:
          'What was done is kept. Close other tabs that use the GPU, then resume; or choose a smaller model.',
      });
      listener({ type: 'status', status: 'failed' });
      return stop;
    },
  };
}

const whetstone = standIn(
  (given) => {
    const method = query.has('gradient') ? 'gradient-complement' : given.optimizer;
    const branches = [{ run: 'run-1', step: 2, options: { ...given.options, candidates: 3 } }];
    const config = { ...given, optimizer: method, ...(query.has('branched') && { branches }) };
    const run = playedRun(config, events, every === 0 ? Infinity : 12, every);
    if (query.has('lost')) return broken(run);
    const nothing = () => undefined;
    const watched = { takeOver: nothing, leave: nothing, taken: new Promise<null>(nothing) };
    return query.has('watched') ? { ...run, watched } : run;
  },
  [
    summary(),
    summary({
      id: 'run-2',
      status: 'interrupted',
      steps: 3,
      bestScore: 0.71,
      verdict: null,
      started: Date.UTC(2026, 10, 20, 17, 2),
    }),
    summary({
      id: 'run-3',
      optimizer: 'opro',
      verdict: 'not shown',
      bestScore: 0.66,
      started: Date.UTC(2026, 10, 19, 9, 30),
    }),
  ],
  query.has('models') ? { models: manyModels, downloads } : { models, downloads: handDownloads() },
);
const target = document.querySelector('#app');
if (target) mount(App, { target, props: { whetstone } });
