import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import type { RunEvent } from '../../src/core/events.ts';
import type { RunConfig } from '../../src/core/run.ts';
import App from '../../src/ui/App.svelte';
import '../../src/ui/theme.css';
import { recordedEvents } from './recorded.ts';
import { handRun, playedRun, standIn, summary } from './stand-in.ts';

const hostile = `<img src=x onerror="globalThis.harm = true"><script>globalThis.harm = true</script>`;

beforeEach(async () => {
  localStorage.clear();
  location.hash = '';
  await page.viewport(1280, 900);
});
afterEach(() => {
  expect('harm' in globalThis).toBe(false);
});

/** A page whose next run is `run`, started with `config`. */
async function started(events: readonly RunEvent[]) {
  const run = handRun();
  const whetstone = standIn(() => run);
  await render(App, { whetstone });
  await page.getByRole('button', { name: 'Start' }).click();
  run.send({ type: 'status', status: 'running' });
  for (const event of events) run.send({ type: 'event', event });
  return { run, whetstone };
}

test('the form is made from the method’s options and hands on what was chosen', async () => {
  let given: RunConfig | null = null;
  const whetstone = standIn((config) => {
    given = config;
    return handRun(config);
  });
  await render(App, { whetstone });
  const gpo = (await whetstone.described()).find((method) => method.id === 'gpo');
  const options = Object.values(gpo?.options ?? {});
  const fieldOf = (label: string) => page.getByLabelText(label, { exact: true }).first();
  const advanced = options.filter((option) => option.advanced);
  for (const option of options)
    if (!option.advanced) await expect.element(fieldOf(option.label)).toBeVisible();
  for (const { label } of advanced) await expect.element(fieldOf(label)).not.toBeInTheDocument();
  await page.getByText('Advanced options').click();
  for (const { label } of advanced) await expect.element(fieldOf(label)).toBeVisible();
  await expect.element(page.getByTestId('cost')).toHaveTextContent('At most 1,776 target calls');

  await page.getByLabelText('Candidates a step').fill('5');
  await page.getByLabelText('Steps', { exact: true }).fill('3');
  await expect.element(page.getByTestId('cost')).toHaveTextContent('At most 912 target calls');
  await page.getByLabelText('Tokens', { exact: true }).fill('90000');
  await page.getByLabelText('Initial prompt', { exact: true }).fill('Good or bad?');
  await page.getByRole('button', { name: 'Start' }).click();
  await expect.poll(() => given).not.toBeNull();
  expect(given).toMatchObject({
    task: 'movie-sentiment',
    optimizer: 'gpo',
    initialPrompt: 'Good or bad?',
    options: { candidates: 5 },
    budget: { steps: 3, tokens: 90_000 },
  });
});

test('racing, fresh replies and the check before the run are chosen in the form', async () => {
  const given: RunConfig[] = [];
  const whetstone = standIn((config) => {
    given.push(config);
    return handRun(config);
  });
  await render(App, { whetstone });
  await page.getByText('Cost of the evaluation').click();
  await expect.element(page.getByLabelText('Use replies of earlier runs')).toBeChecked();
  await page.getByLabelText('Use replies of earlier runs').click();
  await page.getByLabelText(/^Racing/).click();
  await page.getByText('How it is put to the model').click();
  await expect.element(page.getByLabelText('Check against written answers first')).toBeChecked();
  await page.getByRole('button', { name: 'Start' }).click();
  await expect.poll(() => given).toHaveLength(1);
  expect(given[0]).toMatchObject({
    racing: { test: 'sign', alpha: 0.1 },
    freshReplies: true,
    reading: 'unchecked',
  });
});

test('the check before a run is shown, with what came of it', async () => {
  const { run } = await started([]);
  run.send({ type: 'checking', done: 12, of: 40 });
  await expect.element(page.getByText('12 of 40 calls')).toBeVisible();
  const reading = { examples: 20, compared: 20, readable: 20, agreed: 12, tokens: 900, ms: 8000 };
  const rendering = { ...run.config.rendering, read: 'decode' as const };
  run.send({ type: 'settled', config: { ...run.config, rendering, reading } });
  await expect.element(page.getByText('12 of 40 calls')).not.toBeInTheDocument();
  await expect.element(page.getByText(/in only 12 of 20 readable replies/)).toBeVisible();
});

test('kept replies are counted and can be cleared', async () => {
  const whetstone = standIn(() => handRun());
  await render(App, { whetstone });
  await page.getByRole('button', { name: /^CPU/ }).click();
  await expect.element(page.getByText(/2,140 replies of models, about 912 kB/)).toBeVisible();
  await page.getByRole('button', { name: 'Clear', exact: true }).click();
  await expect.element(page.getByText('None are kept.')).toBeVisible();
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByRole('button', { name: /^CPU/ }).click();
  await expect.element(page.getByText(/2,140 replies/)).toBeVisible();
  expect(whetstone.calls).not.toContain('clear replies');
});

test('a number out of bounds is not handed on and stops the start', async () => {
  const whetstone = standIn(() => handRun());
  await render(App, { whetstone });
  await page.getByLabelText('Candidates a step').fill('-4');
  await page.getByRole('button', { name: 'Start' }).click();
  expect(whetstone.calls).not.toContain('start');
});

test('another method brings its own options; a model that cannot run is not to be chosen', async () => {
  await render(App, { whetstone: standIn(() => handRun()) });
  await expect.element(page.getByLabelText('Batch', { exact: true })).toBeVisible();
  await page.getByLabelText('Method', { exact: true }).selectOptions('OPRO');
  await expect.element(page.getByLabelText('Batch', { exact: true })).not.toBeInTheDocument();
  await page.getByRole('button', { name: 'Models' }).click();
  await expect
    .element(page.getByText('Needs 1.1 GB on the graphics card; this one offers 0.3 GB.'))
    .toBeVisible();
});

test('the page follows a run, and each control reaches it', async () => {
  const events = recordedEvents();
  const { run } = await started(events.slice(0, 1080));
  const line = page.getByTestId('stage-line');
  await expect.element(line).toHaveTextContent('evaluating c19');
  await expect.element(line).toHaveTextContent('step 4/6');
  await expect.element(line).toHaveTextContent('measuring speed');
  run.send({ type: 'left', ms: 360_000, atLeast: false });
  await expect.element(line).toHaveTextContent('about 6 min left');
  await expect.element(page.getByRole('button', { name: /^c9, / })).toBeInTheDocument();
  await expect.element(page.getByRole('table', { name: 'Candidates' })).toBeVisible();

  await page.getByRole('button', { name: 'Pause' }).click();
  run.send({ type: 'status', status: 'paused' });
  await page.getByRole('button', { name: 'Continue', exact: true }).click();
  run.send({ type: 'status', status: 'running' });
  await page.getByRole('button', { name: 'Finish now' }).click();
  await page.getByRole('button', { name: 'Stop' }).click();
  expect(run.calls).toEqual(['pause', 'proceed', 'finish', 'stop']);

  for (const event of events.slice(1080)) run.send({ type: 'event', event });
  run.send({ type: 'status', status: 'finished' });
  const result = page.getByRole('region', { name: 'Result' });
  await expect.element(result).toHaveTextContent(/better|worse|not shown/);
  await expect.element(result.getByTestId('best-score')).toHaveTextContent(/^\d+ % \[\d+, \d+\] n = 96$/);
  await expect.element(page.getByRole('button', { name: 'Start' })).toBeEnabled();
});

test('loading and problems are shown, and a problem can be dismissed', async () => {
  const run = handRun();
  await render(App, { whetstone: standIn(() => run) });
  await page.getByRole('button', { name: 'Start' }).click();
  const progress = { loaded: 50, total: 200, doing: 'Loading SmolLM2' };
  run.send({ type: 'loading', role: 'target', model: 'SmolLM2', progress });
  const bar = page.getByRole('progressbar', { name: /Loading SmolLM2/ });
  await expect.element(bar).toHaveAttribute('max', '200');
  run.send({
    type: 'problem',
    message: 'Storage is full.',
    advice: 'The run goes on; export it at the end.',
  });
  await expect.element(page.getByRole('alert')).toHaveTextContent('Storage is full.');
  await page.getByRole('button', { name: 'Dismiss' }).click();
  await expect.element(page.getByRole('alert')).not.toBeInTheDocument();
});

test('what a model wrote is shown as text, wherever it stands', async () => {
  const parts = [{ origin: 'trajectory', text: hostile } as const];
  await started([
    {
      type: 'proposed',
      candidate: { id: 'c0', prompt: hostile, shots: [], parents: [], origin: 'initial', step: 0 },
      edit: 0,
    },
    {
      type: 'answered',
      answer: {
        candidate: 'c0',
        example: 'validation-1',
        split: 'validation',
        reply: hostile,
        answer: hostile,
        score: 0,
        tokens: { in: 1, cached: 0, out: 1 },
        ms: 1,
      },
    },
    { type: 'scored', step: 0, candidate: 'c0', split: 'validation', score: 0, n: 1 },
    { type: 'best', step: 0, candidate: 'c0', score: 0 },
    { type: 'step', step: 1, of: 2 },
    {
      type: 'asked',
      ask: 1,
      step: 1,
      slot: 'propose',
      parts,
      content: { kind: 'completion', text: hostile },
    },
    {
      type: 'replied',
      ask: 1,
      role: 'optimizer',
      reply: { text: hostile, tokens: { in: 1, cached: 0, out: 1 }, finish: 'stop' },
      ms: 1,
    },
    {
      type: 'proposed',
      candidate: { id: 'c1', prompt: `${hostile} x`, shots: [], parents: ['c0'], origin: 'edit', step: 1 },
      edit: 1,
    },
    { type: 'rejected', step: 1, text: hostile, reason: hostile, parents: ['c0'] },
    { type: 'note', step: 1, text: hostile },
  ]);
  await expect.element(page.getByTestId('prompt')).toHaveTextContent(hostile);
  await page.getByRole('tab', { name: /Meta-prompts/ }).click();
  await page.getByRole('button', { name: 'Ask 1' }).click();
  await expect.element(page.getByTestId('reply')).toHaveTextContent(hostile);
  await page.getByRole('tab', { name: /Rejected/ }).click();
  await page.getByRole('tab', { name: /Steps/ }).click();
  expect(document.querySelectorAll('#app img, body > div img, main img')).toHaveLength(0);
});

test('the chart is one tab stop, and arrow keys and Enter choose a candidate', async () => {
  await started(recordedEvents().slice(0, 1080));
  const first = page.getByRole('button', { name: /^c0, / });
  await expect.element(first).toBeInTheDocument();
  const stops = [...document.querySelectorAll('svg [data-id]')].filter(
    (dot) => dot.getAttribute('tabindex') === '0',
  );
  expect(stops).toHaveLength(1);
  const start = stops[0];
  if (!(start instanceof SVGElement)) throw new Error('no point in the chart');
  start.focus();
  await userEvent.keyboard('{Home}{ArrowRight}{Enter}');
  await expect
    .element(page.getByRole('complementary', { name: 'Inspector' }))
    .toHaveTextContent('Candidate c1');
  await userEvent.keyboard('{Escape}');
  await expect
    .element(page.getByRole('complementary', { name: 'Inspector' }))
    .toHaveTextContent('the best so far');
});

test('closing the inspector leads the keyboard back; Escape closes what lies over it first', async () => {
  await started(recordedEvents().slice(0, 1080));
  const inspector = page.getByRole('complementary', { name: 'Inspector' });
  const point = page.getByRole('button', { name: /^c1, / });
  await expect.element(point).toBeInTheDocument();
  const dot = point.element();
  if (!(dot instanceof SVGElement)) throw new Error('no point in the chart');
  dot.focus();
  await userEvent.keyboard('{Enter}');
  const close = inspector.getByRole('button', { name: 'Close' });
  await expect.element(close).toBeVisible();
  const button = close.element();
  if (button instanceof HTMLElement) button.focus();
  await userEvent.keyboard('{Enter}');
  await expect.element(inspector).toHaveTextContent('the best so far');
  expect(document.activeElement).toBe(dot);

  await userEvent.keyboard('{Enter}');
  await page.getByRole('button', { name: /^CPU/ }).click();
  await userEvent.keyboard('{Escape}');
  await expect.poll(() => document.querySelector(':popover-open')).toBeNull();
  await expect.element(close).toBeVisible();
});

test('on a narrow page the sheet of the inspector takes the keyboard', async () => {
  await page.viewport(400, 800);
  await started(recordedEvents().slice(0, 1080));
  const point = page.getByRole('button', { name: /^c1, / });
  await expect.element(point).toBeInTheDocument();
  const dot = point.element();
  if (!(dot instanceof SVGElement)) throw new Error('no point in the chart');
  dot.focus();
  await userEvent.keyboard('{Enter}');
  await expect.poll(() => document.activeElement?.textContent).toBe('Candidate c1');
});

test('library: runs are resumed, opened, exported, and deleted until that is taken back', async () => {
  const whetstone = standIn(
    (config) => playedRun(config, recordedEvents().slice(0, 300), Infinity, 0),
    [summary(), summary({ id: 'run-2', status: 'interrupted', verdict: null })],
  );
  const link = vi.spyOn(HTMLAnchorElement.prototype, 'click').mockReturnValue();
  await render(App, { whetstone });
  await page.getByRole('link', { name: 'Library' }).click();
  const runs = page.getByRole('region', { name: 'Runs' });
  await expect.element(runs.getByRole('button', { name: 'Resume' })).toBeVisible();
  expect(runs.getByRole('button', { name: 'Resume' }).elements()).toHaveLength(1);

  await runs.getByRole('button', { name: 'Export' }).first().click();
  await expect.poll(() => whetstone.calls).toContain('export run-1');
  await runs.getByRole('button', { name: 'Delete' }).first().click();
  await expect.poll(() => runs.getByRole('button', { name: 'Open', exact: true }).elements()).toHaveLength(1);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect.poll(() => runs.getByRole('button', { name: 'Open', exact: true }).elements()).toHaveLength(2);
  expect(whetstone.calls).not.toContain('delete run-1');

  await runs.getByLabelText('Filter').fill('interrupted');
  await expect.poll(() => runs.getByRole('button', { name: 'Open', exact: true }).elements()).toHaveLength(1);
  await runs.getByRole('button', { name: 'Open', exact: true }).click();
  await expect.element(page.getByRole('region', { name: 'Result' })).toBeVisible();
  await page.getByRole('slider', { name: 'Moment of the run' }).fill('300');
  await expect.element(page.getByRole('region', { name: 'Result' })).not.toBeInTheDocument();

  await page.getByRole('link', { name: 'Library' }).click();
  await runs.getByRole('button', { name: 'Resume' }).click();
  await expect.element(page.getByTestId('stage-line')).toHaveTextContent('Running');
  expect(whetstone.calls).toContain('resume run-2');
  link.mockRestore();
});

test.each([360, 760, 1024, 1280, 1920])('nothing scrolls sideways at %i px', async (width) => {
  await page.viewport(width, 900);
  await started(recordedEvents());
  await expect.element(page.getByRole('region', { name: 'Result' })).toBeInTheDocument();
  expect(document.documentElement.scrollWidth).toBeLessThanOrEqual(width);
  for (const column of document.querySelectorAll('.setup, .middle, .right')) {
    expect(column.scrollWidth).toBeLessThanOrEqual(column.clientWidth);
  }
});

test('the browser is told to ask before a reload drops what was typed into a task', async () => {
  await render(App, { whetstone: standIn(() => handRun()) });
  const wouldAsk = () => !dispatchEvent(new Event('beforeunload', { cancelable: true }));
  await page.getByRole('link', { name: 'Library' }).click();
  await page.getByRole('tab', { name: /Tasks/ }).click();
  await page.getByRole('button', { name: 'Edit' }).first().click();
  await expect.element(page.getByLabelText(/^Input of/).first()).toBeVisible();
  expect(wouldAsk()).toBe(false);
  await page
    .getByLabelText(/^Input of/)
    .first()
    .fill('Typed by hand');
  expect(wouldAsk()).toBe(true);
  await page.getByRole('button', { name: 'Undo' }).click();
  expect(wouldAsk()).toBe(false);
});

test('a run that is asked for while the first lesson is still fetched is shown, and the lesson gives way', async () => {
  const run = handRun();
  const whetstone = standIn(() => run, [summary()]);
  let arrive: () => void = () => undefined;
  const arrived = new Promise<void>((resolve) => (arrive = resolve));
  const lesson = { id: 'first', title: 'A first look', about: '', outcome: '', guide: [] };
  let asked = false;
  await render(App, {
    whetstone: {
      ...whetstone,
      lessons: async () => [lesson],
      async openLesson() {
        asked = true;
        await arrived;
        return whetstone.recording('run-1');
      },
    },
  });
  await expect.poll(() => asked).toBe(true);
  await page.getByRole('button', { name: 'Try it on this machine' }).click();
  run.send({ type: 'status', status: 'running' });
  const stop = page.getByRole('button', { name: 'Stop', exact: true });
  await expect.element(stop).toBeVisible();
  arrive();
  await new Promise((resolve) => setTimeout(resolve, 500));
  await expect.element(stop).toBeVisible();
  await expect.element(page.getByText('recorded', { exact: true })).not.toBeInTheDocument();
});
