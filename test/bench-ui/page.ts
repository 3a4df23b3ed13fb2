/**
 * The whole page with models that answer at once, to measure what the page itself costs. Driven by
 * scripts/bench-ui.js through `measured`.
 */
import { mount } from 'svelte';
import { makeModels } from '../../src/app/engines.ts';
import type { ModelChoice } from '../../src/app/types.ts';
import { makeWhetstone } from '../../src/app/whetstone.ts';
import { hash32 } from '../../src/core/hash.ts';
import { makeRng } from '../../src/core/rng.ts';
import type { RunConfig } from '../../src/core/run.ts';
import { scriptedEngine } from '../../src/engines/scripted.ts';
import App from '../../src/ui/App.svelte';
import { timeline } from '../../src/ui/timeline.ts';
import '../../src/ui/theme.css';

const VALIDATION = 100;
const MODEL = 'wllama:instant';

const choice: ModelChoice = {
  id: MODEL,
  runtime: 'wllama',
  name: 'Instant',
  downloadBytes: 0,
  downloadEstimated: false,
  memoryBytes: 0,
  contextTokens: 4096,
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

/** Half of the answers are right, by example and prompt; every proposal is a new text. */
function instant() {
  const engine = scriptedEngine({
    id: MODEL,
    reply(ask) {
      const { content } = ask;
      const text = content.kind === 'completion' ? content.text : (content.messages.at(-1)?.content ?? '');
      if (text.includes('<INS>'))
        return `<INS>Judge the parcel with care, way number ${ask.seed}, and say how the customer feels about it.</INS>`;
      let sum = 0;
      for (let i = 0; i < text.length; i++) sum = (Math.imul(sum, 31) + text.charCodeAt(i)) | 0;
      return (sum >>> 7) % 2 === 0 ? 'positive' : 'negative';
    },
  });
  // It remembers every ask; the real ones remember none.
  engine.asks.push = () => 0;
  return engine;
}

/** A direction for each text, at once, so that the map has something to draw. */
function instantVectors(): ReturnType<ReturnType<typeof makeModels>['embedder']> {
  const size = 384;
  return {
    id: 'embed:instant',
    load: () => Promise.resolve(),
    embed: (texts) =>
      Promise.resolve(
        texts.map((text) => {
          const rng = makeRng(hash32(text), 'vector');
          return Float32Array.from({ length: size }, () => (rng.next() - 0.5) / Math.sqrt(size / 12));
        }),
      ),
    dispose: () => Promise.resolve(),
  };
}

const whetstone = makeWhetstone((store) => {
  const engine = instant();
  const embedder = instantVectors();
  return {
    ...makeModels(store),
    embedder: () => embedder,
    choices: () => Promise.resolve([choice]),
    choice: () => Promise.resolve(choice),
    engines: () => Promise.resolve({ target: engine, optimizer: engine }),
  };
});

/** What every run is given beside what the form says. */
let settings: Partial<RunConfig> = {};
const { start } = whetstone;
whetstone.start = (config) => start({ ...config, ...settings });

function taskText(): string {
  const split = (name: string, n: number) =>
    Array.from({ length: n }, (_, i) => ({
      id: `${name}-${i}`,
      input: `Parcel ${i} of the ${name} list was ${i % 2 === 0 ? 'delivered in time and whole' : 'late, wet and torn'}.`,
      gold: [i % 2 === 0 ? 'positive' : 'negative'],
    }));
  return JSON.stringify({
    version: 1,
    id: 'measured',
    name: 'Measured',
    description: 'Say whether the customer is content.',
    initialPrompt: 'Judge the parcel.',
    metric: { kind: 'choice', options: ['positive', 'negative'] },
    position: 'before',
    markers: { input: 'Parcel', answer: 'Answer' },
    answerTokens: 4,
    splits: {
      train: split('train', 20),
      validation: split('validation', VALIDATION),
      test: split('test', 50),
    },
  });
}

/** Stretches of over 50 ms in which the page could do nothing else, since the last call. */
let long: number[] = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) long.push(entry.duration);
}).observe({ type: 'longtask', buffered: true });

const frame = () => new Promise<number>((resolve) => requestAnimationFrame(resolve));

Object.assign(globalThis, {
  measured: {
    whetstone,
    prepare: () => whetstone.importTask(taskText()),
    /** Every run from now on asks the target so often, by OPRO on validation. */
    runs(targetCalls: number, seed = 1) {
      settings = {
        task: 'measured',
        seed,
        optimizer: 'opro',
        options: { steps: 1000, candidates: 8, scoreOn: 'validation' },
        budget: { targetCalls },
        initialPrompt: 'Judge the parcel.',
        rendering: { style: 'chat', position: 'before', read: 'decode', maxTokens: 8 },
        metaStyle: 'chat',
        limits: {},
      };
    },
    longTasks() {
      const found = long;
      long = [];
      return found;
    },
    /** Milliseconds of folding a run's events from the start, and of 20 steps of one stage back from the end. */
    async fold(id: string) {
      const { events, whole } = await whetstone.recording(id);
      await whole;
      const began = performance.now();
      const line = timeline(events);
      line.at(events.length);
      const all = performance.now() - began;
      const back: number[] = [];
      for (let at = events.length; back.length < 20 && at > 0;) {
        const from = performance.now();
        at = line.stageEnd(at, -1);
        line.at(at);
        back.push(performance.now() - from);
      }
      return { events: events.length, all, back };
    },
    /** From a click until what it changes has been painted, in milliseconds. */
    async clicked(button: HTMLElement) {
      const from = performance.now();
      button.click();
      await frame();
      await new Promise((resolve) => setTimeout(resolve));
      return performance.now() - from;
    },
    /** Times between frames while an element is scrolled by `by` pixels a frame, `frames` times. */
    async scroll(element: Element, by: number, frames: number) {
      const times: number[] = [];
      let before = await frame();
      for (let i = 0; i < frames; i++) {
        element.scrollTop += by;
        const now = await frame();
        times.push(now - before);
        before = now;
      }
      return times;
    },
  },
});

const target = document.querySelector('#app');
if (target) mount(App, { target, props: { whetstone } });
