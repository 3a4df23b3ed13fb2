import { mount } from 'svelte';
import App from '../../src/ui/App.svelte';
import '../../src/ui/theme.css';
import { recordedEvents } from './recorded.ts';
import { playedRun, standIn, summary } from './stand-in.ts';

/** The page over recorded events: `look.html?events=900` stops a run there, `?every=50` plays it. For eyes only. */
const query = new URLSearchParams(location.search);
const every = Number(query.get('every') ?? 0);
const events = recordedEvents().slice(0, Number(query.get('events') ?? Infinity));

const whetstone = standIn(
  (given) => {
    const run = playedRun(given, events, every === 0 ? Infinity : 12, every);
    return run;
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
);
const target = document.querySelector('#app');
if (target) mount(App, { target, props: { whetstone } });
