import axe from 'axe-core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import { settingsOf, type ExperimentRecord } from '../../src/core/experiment.ts';
import { tableOf } from '../../src/core/experiment-table.ts';
import App from '../../src/ui/App.svelte';
import { svgFile } from '../../src/ui/svg-file.ts';
import '../../src/ui/theme.css';
import { compareWorld, designOf, tasks, type CompareWorld } from './compare-world.ts';

/** Small enough to run while one waits. */
const SMALL = designOf({
  options: { epochs: 1, batch: 12, candidates: 2 },
  factors: [
    {
      name: 'Trajectory',
      levels: ['none', 'recency'].map((trajectory) => ({
        name: trajectory,
        change: { options: { trajectory } },
      })),
    },
  ],
  seeds: [1, 2],
  limits: { train: 24, validation: 12, test: 20 },
});

beforeEach(async () => {
  localStorage.clear();
  localStorage.setItem('whetstone:seen', 'yes');
  await page.viewport(1280, 900);
});
afterEach(() => {
  location.hash = '';
  delete document.documentElement.dataset['theme'];
});

async function opened(world: CompareWorld = compareWorld()) {
  location.hash = '#compare';
  await render(App, { whetstone: world });
  await expect.element(page.getByRole('heading', { name: 'Compare', exact: true })).toBeVisible();
  return world;
}

/** A world in which an experiment has ended. */
async function ended(design = SMALL) {
  const world = compareWorld();
  const live = await (await world.experiments()).start(design);
  await live.ended;
  return { world, record: live.record };
}

async function onlyRecord(world: CompareWorld): Promise<ExperimentRecord> {
  const [record] = (await world.store.experiments()).items;
  if (record === undefined) throw new Error('No experiment is stored.');
  return record;
}

async function axeClean() {
  for (const theme of ['light', 'dark']) {
    document.documentElement.dataset['theme'] = theme;
    const { violations } = await axe.run(document.body);
    expect(
      violations.map(({ id, nodes }) => `${theme} ${id}: ${nodes.map(({ html }) => html).join(' ')}`),
    ).toEqual([]);
  }
}

test('a preset says its question and its size, and runs to its table', async () => {
  const world = await opened();
  await page.getByLabelText('Question').selectOptions('Generation or editing');
  await expect
    .element(page.getByText('Is it better to write a new prompt or to modify the current one?'))
    .toBeVisible();
  await expect.element(page.getByTestId('plan')).toHaveTextContent('6 runs: 2 settings × 1 task × 3 seeds');
  await page.getByLabelText('Seeds').fill('1');
  await page.getByLabelText('Counted in').selectOptions('tokens');
  await page.getByLabelText('Budget for all').fill('60000');
  await expect.element(page.getByTestId('plan')).toHaveTextContent('2 runs: 2 settings × 1 task × 1 seed');
  await expect
    .element(page.getByTestId('plan'))
    .toHaveTextContent(/Each search gets 30,000 tokens\. (At most|About) [\d,]+ target calls/);
  await page.getByRole('button', { name: 'Start the experiment' }).click();
  await expect
    .poll(() => page.getByText('The experiment is finished').elements().length, { timeout: 60_000 })
    .toBe(1);
  const table = page.getByRole('table', { name: 'Settings, Case sorting' });
  const rows = table.getByRole('row');
  await expect.element(rows.nth(1)).toHaveTextContent(/^generation\s*\d+ % \[\d+, \d+\] n = 60/);
  await expect.element(rows.nth(2)).toHaveTextContent(/^editing\s*\d+ % \[\d+, \d+\] n = 60/);
  await expect.element(rows.nth(2)).toHaveTextContent(/points? \[.*\], p [=<] .*(better|worse|not shown)/);
  const record = await onlyRecord(world);
  expect(record.design.preset).toBe('refinement');
  const scores = tableOf(record.cells).map(({ score }) => `${Math.round((score ?? 0) * 100)} %`);
  for (const [i, score] of scores.entries()) await expect.element(rows.nth(i + 1)).toHaveTextContent(score);
});

test('an own grid is made by keyboard: options become forms, mistakes are said before the start', async () => {
  await opened();
  const question = page.getByLabelText('Question');
  question.element().focus();
  await userEvent.keyboard('{End}');
  await expect.element(page.getByLabelText('Name', { exact: true })).toBeVisible();
  await page.getByLabelText('Vary another thing').selectOptions('Past prompts shown');
  const values = page.getByRole('textbox', { name: 'Past prompts shown' });
  values.element().focus();
  await userEvent.keyboard('{Control>}a{/Control}3, 7, 15');
  await expect.element(page.getByTestId('plan')).toHaveTextContent('9 runs: 3 settings × 1 task × 3 seeds');
  await userEvent.keyboard(', 1000');
  await expect.element(page.getByText('GPO: Past prompts shown cannot be 1000.')).toBeVisible();
  await expect.element(page.getByRole('button', { name: 'Start the experiment' })).toBeDisabled();
  await userEvent.keyboard('{Backspace>6/}');
  await page.getByLabelText('Vary another thing').selectOptions('Trajectory');
  await expect.element(page.getByTestId('plan')).toHaveTextContent('45 runs: 15 settings');
  const group = page.getByRole('group', { name: /^Trajectory/ });
  group.getByRole('checkbox', { name: 'none' }).element().focus();
  await userEvent.keyboard(' ');
  await expect.element(page.getByTestId('plan')).toHaveTextContent('36 runs: 12 settings');
  await page.getByRole('button', { name: 'Do not vary Trajectory' }).click();
  await page.getByLabelText('Vary another thing').selectOptions('Initial prompt');
  await page.getByRole('textbox', { name: 'Initial prompt' }).fill('Think about it.\n-');
  await expect.element(page.getByTestId('plan')).toHaveTextContent('27 runs: 9 settings');
});

test('a running experiment is stopped and taken up again, and blocks other runs meanwhile', async () => {
  const world = compareWorld();
  world.delayMs = 3;
  await opened(world);
  await page.getByLabelText('Question').selectOptions('With and without reflection');
  await page.getByLabelText('Seeds').fill('1');
  await page.getByRole('button', { name: 'Start the experiment' }).click();
  await expect.element(page.getByTestId('present')).toHaveTextContent(/Now: without reflection, step \d/);
  // A score is live with its interval, here and in the list of runs.
  const live = /\d+ % \[\d+, \d+\] n = 24/;
  await expect.element(page.getByTestId('present')).toHaveTextContent(live);
  await expect.element(page.getByText(/\] n = 24 so far, in the search$/)).toBeVisible();
  await page.getByRole('link', { name: 'Run', exact: true }).click();
  await expect.poll(() => page.getByRole('button', { name: 'Start', exact: true }).elements()).toEqual([]);
  await page.getByRole('link', { name: 'Compare' }).click();
  await expect.element(page.getByTestId('present')).toBeVisible();
  await page.getByRole('button', { name: 'Stop all' }).click();
  await expect.element(page.getByText('The experiment is stopped, 0 of 2 done')).toBeVisible();
  const half = await onlyRecord(world);
  expect(half.cells.map(({ state }) => state)).toEqual(['stopped', 'waiting']);
  world.delayMs = 0;
  await page.getByRole('button', { name: 'Resume' }).click();
  await expect
    .poll(() => page.getByText('The experiment is finished').elements().length, { timeout: 90_000 })
    .toBe(1);
  const whole = await onlyRecord(world);
  expect(whole.cells.map(({ run }) => run)[0]).toBe(half.cells[0]?.run);
  expect((await world.store.runs()).items).toHaveLength(2);
});

test('a cell opens in the run view', async () => {
  const { world, record } = await ended();
  await opened(world);
  await page.getByRole('button', { name: record.design.name, exact: true }).click();
  await page.getByRole('button', { name: /^Open run 1: none, seed 1/ }).click();
  await expect.element(page.getByRole('region', { name: 'Run', exact: true })).toBeVisible();
  await expect.element(page.getByRole('heading', { name: 'Case sorting' }).first()).toBeVisible();
  const best = record.cells[0]?.outcome?.prompt ?? '';
  expect(document.body.textContent).toContain(best.slice(0, 30));
});

test('an experiment that a closed tab left is offered again with its table', async () => {
  const { world, record } = await ended();
  const cells = record.cells.map((cell, i) =>
    i === 3 ? { ...cell, state: 'running' as const, outcome: null, run: null } : cell,
  );
  await world.store.saveExperiment({ ...record, id: 'left', status: 'running', cells });
  await opened(compareWorld(world.store));
  await expect.element(page.getByText(/stopped, 3 of 4 done/)).toBeVisible();
  const resume = page.getByRole('button', { name: 'Resume' });
  resume.element().focus();
  await userEvent.keyboard('{Enter}');
  await expect
    .poll(() => page.getByText('The experiment is finished').elements().length, { timeout: 60_000 })
    .toBe(1);
});

test('the best runs of each setting stand side by side, with a paired test and a diff', async () => {
  const { world, record } = await ended();
  await opened(world);
  await page.getByRole('button', { name: record.design.name, exact: true }).click();
  await page.getByRole('button', { name: 'Best runs side by side' }).click();
  const tests = page.getByRole('table', { name: 'Paired tests' });
  await expect
    .element(tests.getByRole('row').nth(1))
    .toHaveTextContent(/B against A.*points? \[.*\] n = 20.*\d+, \d+.*p [=<] .*(better|worse|not shown)/);
  const byTokens = page.getByRole('table', { name: 'Best score in the search by tokens used' });
  await expect.element(byTokens.getByRole('row').nth(1)).toHaveTextContent(/\d+ % \[\d+, \d+\] n = 12/);
  // The drawing says what its letters stand for.
  expect(page.getByRole('img', { name: /^Best score in the search/ }).element().textContent).toMatch(
    /A\s*GPO, none, seed/,
  );
  const minutes = page.getByRole('radio', { name: 'calls' });
  minutes.element().focus();
  await userEvent.keyboard(' ');
  await expect
    .element(page.getByRole('table', { name: 'Best score in the search by target calls used' }))
    .toBeVisible();
  await axeClean();
});

test('any setting can be what the others are compared with, and the start stands beside the end', async () => {
  const { world, record } = await ended();
  await opened(world);
  await page.getByRole('button', { name: record.design.name, exact: true }).click();
  const table = page.getByRole('table', { name: 'Settings, Case sorting' });
  const rows = table.getByRole('row');
  await expect.element(rows.nth(0)).toHaveTextContent(/Initial prompt\s*Against none/);
  await expect.element(rows.nth(2)).toHaveTextContent(/recency.*points? \[/);
  await page.getByLabelText('Compare with').selectOptions('recency');
  await expect.element(rows.nth(0)).toHaveTextContent('Against recency');
  await expect.element(rows.nth(1)).toHaveTextContent(/none.*points? \[.*(better|worse|not shown)/);
  const initial = Math.round(100 * (record.cells[0]?.outcome?.initial ?? 0));
  await expect.element(rows.nth(1).getByRole('cell').nth(1)).toHaveTextContent(`${initial} % [`);
  await expect.element(page.getByText(/Line: recency/)).toBeVisible();
});

test('ranks over tasks are drawn, and saved with what they stand for', async () => {
  const { world, record } = await ended({
    ...SMALL,
    seeds: [1],
    tasks: tasks.slice(0, 2).map(({ id }) => id),
  });
  await opened(world);
  await page.getByRole('button', { name: record.design.name, exact: true }).click();
  const drawing = page.getByRole('img', { name: /^Mean ranks over 2 tasks: .*none \d\.\d\d/ });
  await expect.element(drawing).toBeVisible();
  const svg = drawing.element();
  if (!(svg instanceof SVGSVGElement)) throw new Error('There is no drawing.');
  expect(await svgFile(svg, 'Ranks').text()).toContain('>recency');
  await expect.element(page.getByRole('button', { name: 'Save the ranks as CSV' })).toBeVisible();
});

test('runs over other examples are said to be so and not tested', async () => {
  const { world } = await ended({
    ...SMALL,
    factors: [],
    seeds: [1],
    tasks: tasks.slice(0, 2).map(({ id }) => id),
  });
  await opened(world);
  await page.getByRole('tab', { name: 'Runs side by side' }).click();
  const boxes = page.getByRole('checkbox');
  await boxes.nth(0).click();
  await boxes.nth(1).click();
  await expect
    .element(page.getByRole('table', { name: 'Paired tests' }).getByRole('row').nth(1))
    .toHaveTextContent(
      'They are of different tasks, tested on different examples, so there is no paired test.',
    );
  // A third may be ticked without opening the list again.
  await expect.element(boxes.nth(0)).toBeVisible();
});

test('a mere test of a carried prompt is listed as one, not under a method that searched nothing', async () => {
  const { world } = await ended({
    ...SMALL,
    factors: [],
    seeds: [1],
    carry: { tasks: tasks.slice(1, 2).map(({ id }) => id), targets: [SMALL.target] },
  });
  await opened(world);
  await page.getByRole('tab', { name: 'Runs side by side' }).click();
  await expect.element(page.getByText(/^Choose two runs or more/)).toBeVisible();
  await expect.poll(() => page.getByRole('checkbox').elements().length).toBe(3);
  const names = page
    .getByRole('checkbox')
    .elements()
    .map((box) => box.closest('label')?.textContent ?? '');
  expect(names.filter((name) => name.includes('test alone'))).toHaveLength(2);
  expect(names.filter((name) => name.includes('GPO'))).toHaveLength(1);
});

test('the drawing becomes a file that stands alone', async () => {
  const { world, record } = await ended();
  await opened(world);
  await page.getByRole('button', { name: record.design.name, exact: true }).click();
  const drawing = document.querySelector('figure svg');
  if (!(drawing instanceof SVGSVGElement)) throw new Error('There is no drawing.');
  const text = await svgFile(drawing, 'Scores & <more>').text();
  expect(text).toMatch(/^<\?xml version="1.0" encoding="UTF-8"\?>\n<svg /);
  const read = new DOMParser().parseFromString(text, 'image/svg+xml');
  expect(read.querySelector('parsererror')).toBeNull();
  expect(read.documentElement.namespaceURI).toBe('http://www.w3.org/2000/svg');
  expect(read.querySelector('title')?.textContent).toBe('Scores & <more>');
  expect(text).not.toMatch(/var\(|light-dark|class=|data-/);
  expect(read.querySelectorAll('circle').length).toBeGreaterThanOrEqual(settingsOf(record.design).length);
  for (const shape of read.querySelectorAll('circle, line, text'))
    expect(`${shape.getAttribute('fill')} ${shape.getAttribute('stroke')}`).toMatch(/rgb|none|#/);
  // A browser draws it without this page.
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([text], { type: 'image/svg+xml' }));
  await image.decode();
  expect(image.naturalWidth).toBe(drawing.viewBox.baseVal.width);
});

test('the form and an experiment have no violation of axe’s rules, and nothing scrolls sideways at 360 px', async () => {
  const { world, record } = await ended();
  await opened(world);
  await axeClean();
  await page.getByLabelText('Question').selectOptions('An own grid');
  await page.getByLabelText('Vary another thing').selectOptions('Trajectory');
  await axeClean();
  const sideways = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;
  await page.viewport(360, 800);
  expect(sideways()).toBe(0);
  await page.getByRole('button', { name: record.design.name, exact: true }).click();
  await expect.element(page.getByRole('table', { name: 'Settings, Case sorting' })).toBeVisible();
  expect(sideways()).toBe(0);
  await axeClean();
  await page.viewport(1280, 900);
});
