import { mount } from 'svelte';
import App from '../../src/ui/App.svelte';
import '../../src/ui/theme.css';
import { compareWorld, designOf, tasks } from './compare-world.ts';

/**
 * The place Compare with experiments that have ended: `?live` leaves one running slowly. For eyes only.
 */
const query = new URLSearchParams(location.search);
const whetstone = compareWorld();
const experiments = await whetstone.experiments();
const one = await experiments.start(designOf());
await one.ended;
const methods = experiments.presets.find(({ id }) => id === 'methods');
const ranked = await experiments.start(
  designOf({
    name: 'Methods at equal tokens',
    question: methods?.question ?? '',
    preset: 'methods',
    options: {},
    factors: (methods?.factors ?? []).map((factor) => ({
      ...factor,
      levels: factor.levels.filter(({ name }) => /Random|GPO|OPRO/.test(name)),
    })),
    tasks: tasks.slice(0, 2).map(({ id }) => id),
    seeds: [1, 2],
    pool: { unit: 'tokens', total: 300_000, spare: 'leave' },
  }),
);
await ranked.ended;
const carried = await experiments.start(
  designOf({
    name: 'Prompts carried elsewhere',
    question: 'Is a prompt that was found for one task and target any good for others?',
    preset: 'carried-prompt',
    factors: [],
    seeds: [1, 2],
    pool: { unit: 'tokens', total: 300_000, spare: 'share' },
    carry: { tasks: tasks.slice(1).map(({ id }) => id), targets: [designOf().target] },
  }),
);
await carried.ended;
if (query.has('live')) whetstone.delayMs = 4;
location.hash = '#compare';
const target = document.querySelector('#app');
if (target) mount(App, { target, props: { whetstone } });
document.body.dataset['ready'] = 'yes';
