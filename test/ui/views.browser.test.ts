import { beforeEach, expect, test } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import type { Whetstone } from '../../src/app/types.ts';
import { EngineError } from '../../src/core/model.ts';
import type { RunEvent } from '../../src/core/events.ts';
import App from '../../src/ui/App.svelte';
import '../../src/ui/theme.css';
import { largeEvents } from './large.ts';
import { gradientEvents } from './recorded-gradient.ts';
import { recordedEvents, task } from './recorded.ts';
import { handRun, standIn } from './stand-in.ts';

beforeEach(async () => {
  localStorage.clear();
  location.hash = '';
  await page.viewport(1280, 900);
});

async function started(events: readonly RunEvent[], change: (whetstone: Whetstone) => Whetstone = (w) => w) {
  const run = handRun();
  const whetstone = standIn(() => run);
  await render(App, { whetstone: change(whetstone) });
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  run.send({ type: 'status', status: 'running' });
  for (const event of events) run.send({ type: 'event', event });
  return { run, whetstone };
}

const view = (name: string) => page.getByRole('tab', { name, exact: true });
const inspector = () => page.getByRole('complementary', { name: 'Inspector' });
const stops = (inside: string) =>
  [...document.querySelectorAll<SVGElement>(`${inside} [data-id]`)].filter(
    (one) => one.getAttribute('tabindex') === '0',
  );

const family: RunEvent[] = (
  [
    ['c0', 0, [], 'Is this review positive or negative?'],
    ['c1', 1, ['c0'], 'Is this careful review positive or negative?'],
    ['c2', 1, ['c0'], 'Is this review clearly positive or negative?'],
    ['c3', 2, ['c1', 'c2'], 'Is this careful review clearly positive or negative?'],
  ] as const
).flatMap(([id, step, parents, prompt], i): RunEvent[] => [
  {
    type: 'proposed',
    candidate: { id, prompt, shots: [], parents, origin: i === 0 ? 'initial' : 'edit', step },
    edit: 1,
  },
  { type: 'scored', step, candidate: id, split: 'validation', score: 0.5 + i / 10, n: 48 },
  { type: 'best', step, candidate: id, score: 0.5 + i / 10 },
  { type: 'current', step, candidate: id, score: 0.5 + i / 10 },
]);

test('lineage: the mouse selects, the words changed along the edge are shown for each of several parents', async () => {
  await started(family);
  await view('Lineage').click();
  await page.getByRole('button', { name: /^c1, 60 %/ }).click();
  await expect.element(inspector()).toHaveTextContent('Candidate c1');
  const change = page.getByRole('group', { name: 'What changed along the edge' });
  await expect.element(change).toHaveTextContent('c0 → c1');
  expect(change.element().querySelector('ins')?.textContent.trim()).toBe('careful');

  await page.getByRole('button', { name: /^c3, 80 %.*edit of c1 and c2, best/ }).click();
  await expect.element(change).toHaveTextContent('c1 → c3');
  expect(change.element().querySelector('ins')?.textContent.trim()).toBe('clearly');
  await change.getByText('from c2').click();
  await expect.element(change).toHaveTextContent('c2 → c3');
  expect(change.element().querySelector('ins')?.textContent.trim()).toBe('careful');
});

test('lineage: one tab stop, arrow keys follow the edges, Enter selects; the other views select the same', async () => {
  await started(family);
  await view('Lineage').click();
  await expect.element(page.getByRole('button', { name: /^c3, / })).toBeVisible();
  expect(stops('section[aria-labelledby=lineage-title]')).toHaveLength(1);
  stops('section[aria-labelledby=lineage-title]')[0]?.focus();
  await userEvent.keyboard('{End}{ArrowUp}{Enter}');
  await expect.element(inspector()).toHaveTextContent('Candidate c1');
  await userEvent.keyboard('{ArrowRight}{Enter}');
  await expect.element(inspector()).toHaveTextContent('Candidate c2');
  await view('Score').click();
  await expect.element(page.getByRole('button', { name: /^c2, / })).toHaveAttribute('aria-pressed', 'true');
});

test('lineage: many candidates begin folded; what is out of view is drawn when it comes into it', async () => {
  await page.viewport(360, 800);
  await started(largeEvents({ candidates: 300, examples: 4 }));
  await view('Lineage').click();
  await expect.element(page.getByText('all 300', { exact: true })).toBeVisible();
  const section = 'section[aria-labelledby=lineage-title]';
  const svg = () => document.querySelector(`${section} svg[role=group]`);
  const drawn = () => document.querySelectorAll(`${section} [data-id]`).length;
  const folded = svg()?.clientHeight ?? Infinity;
  await page.getByText('all 300', { exact: true }).click();
  await expect.poll(() => svg()?.clientHeight ?? 0).toBeGreaterThan(folded);
  expect(drawn()).toBeLessThan(150);
  expect(document.documentElement.scrollWidth).toBeLessThanOrEqual(360);

  // The keyboard reaches all of them, and the page does not scroll for it.
  const name = () => document.activeElement?.getAttribute('data-id');
  const scrolled = scrollY;
  stops(section)[0]?.focus({ preventScroll: true });
  await userEvent.keyboard('{End}');
  await expect.poll(name).toBe('c299');
  expect(stops(section)).toHaveLength(1);
  await userEvent.keyboard('{ArrowLeft}');
  await expect.poll(name).not.toBe('c299');
  const before = name();
  await userEvent.keyboard('{Enter}');
  const pressed = page.getByRole('button', { name: new RegExp(`^${before}, `) });
  await expect.element(pressed).toHaveAttribute('aria-pressed', 'true');
  // On a narrow page the inspector lies over the bottom, and gives the keyboard back.
  await userEvent.keyboard('{Escape}');
  await expect.poll(name).toBe(before);
  await userEvent.keyboard('{Home}');
  await expect.poll(name).toBe('c0');
  expect(scrollY).toBe(scrolled);

  const box = svg()?.parentElement;
  if (!box) throw new Error('no box');
  const shown = () => document.querySelector(`${section} [data-id=c150]`);
  expect(shown()).toBeNull();
  for (let y = 0; y < box.scrollHeight && shown() === null; y += 200) {
    box.scrollTop = y;
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  }
  expect(shown()).not.toBeNull();
});

test('lineage: a candidate that was selected elsewhere is in view when it is opened', async () => {
  await started(largeEvents({ candidates: 300, examples: 4 }));
  const late = page.getByRole('button', { name: /^c2\d\d$/ }).first();
  await late.click();
  const id = late.element().textContent?.trim() ?? '';
  await view('Lineage').click();
  await expect.element(page.getByText('all 300', { exact: true })).toBeVisible();
  const node = () => document.querySelector(`[data-id=${id}]`);
  await expect.poll(node).not.toBeNull();
  const box = node()?.closest('.hold')?.getBoundingClientRect();
  const at = node()?.getBoundingClientRect();
  expect(at?.top).toBeGreaterThanOrEqual(box?.top ?? Infinity);
  expect(at?.bottom).toBeLessThanOrEqual(box?.bottom ?? -Infinity);
});

test('map: no model is asked before the user wishes it; then points can be chosen by mouse and keyboard', async () => {
  const { whetstone } = await started(recordedEvents());
  await view('Map').click();
  const place = page.getByRole('button', { name: 'Place the prompts' });
  await expect.element(place).toBeVisible();
  await expect.element(page.getByText(/loads 35 MB .*, once/)).toBeVisible();
  expect(whetstone.calls.filter((call) => call.startsWith('embed'))).toEqual([]);
  await place.click();
  const map = page.getByRole('group', { name: /^Map of prompts/ });
  await expect.element(map).toBeVisible();
  await expect
    .poll(() => map.getByRole('button').elements().length)
    .toBe(recordedEvents().filter((event) => event.type === 'proposed').length);
  await expect.element(place).not.toBeInTheDocument();

  expect(stops('section[aria-labelledby=map-title]')).toHaveLength(1);
  await page.getByRole('button', { name: /^c0, .*initial prompt$/ }).click();
  await expect.element(inspector()).toHaveTextContent('Candidate c0');
  stops('section[aria-labelledby=map-title]')[0]?.focus();
  await userEvent.keyboard('{End}{Enter}');
  await expect.element(inspector()).not.toHaveTextContent('Candidate c0');
  await userEvent.keyboard('{Home}{Enter}');
  await expect.element(inspector()).toHaveTextContent('Candidate c0');

  // What is known is known at once when the view is opened again.
  await view('Score').click();
  await view('Map').click();
  await expect.element(map).toBeVisible();
});

test('map: a descent along gradients is drawn as the way it took, with its restarts', async () => {
  await started(gradientEvents());
  await view('Map').click();
  await page.getByRole('button', { name: 'Place the prompts' }).click();
  await expect.element(page.getByRole('radio', { name: 'gradient descent' })).toBeChecked();
  const titles = () =>
    [...document.querySelectorAll('path.move title')].map((one) => one.textContent.replaceAll(/\s+/g, ' '));
  await expect
    .poll(titles)
    .toContainEqual(expect.stringMatching(/^Gradient step 20: c\d+ to c\d+, begun anew$/));
  const anew = titles().filter((title) => title.endsWith('begun anew'));
  expect(anew).toHaveLength(3);
  expect(titles().length).toBeGreaterThan(anew.length);
});

test('map: without the embedding model it says what to do, and nothing else breaks', async () => {
  await started(recordedEvents(), (whetstone) => ({
    ...whetstone,
    vectors: {
      ...whetstone.vectors,
      embed: () => Promise.reject(new EngineError('unavailable', 'No model file.', 'Run `npm run models`.')),
    },
  }));
  await view('Map').click();
  await page.getByRole('button', { name: 'Place the prompts' }).click();
  await expect.element(page.getByRole('alert')).toHaveTextContent(/No model file\.\s*Run `npm run models`\./);
  await expect.element(page.getByRole('button', { name: 'Place the prompts' })).toBeVisible();
  await view('Score').click();
  await expect.element(page.getByRole('button', { name: /^c0, / })).toBeInTheDocument();
});

test('examples: pointing shows input, right answer and reply; clicking selects the candidate', async () => {
  await started(recordedEvents());
  await view('Examples').click();
  const grid = page.getByRole('grid');
  await expect.element(grid).toBeVisible();
  const told = page.getByTestId('cell');
  // Past the gutter and the head, in the first row's first cell.
  await userEvent.hover(grid, { position: { x: 82, y: 54 } });
  await expect.element(told).toHaveTextContent(/c0 on validation-\d+/);
  const example = task.splits.validation.find(({ id }) => told.element().textContent.includes(`on ${id} `));
  await expect.element(told).toHaveTextContent(example?.input ?? 'an example of the task');
  await expect.element(told).toHaveTextContent(/(right|wrong|unreadable)/);
  await expect.element(told).toHaveTextContent(/read (positive|negative|–)/);
  await userEvent.click(grid, { position: { x: 82, y: 54 } });
  await expect.element(inspector()).toHaveTextContent('Candidate c0');
});

test('examples: one tab stop, arrow keys move from cell to cell, Enter selects, the order can be changed', async () => {
  await started(recordedEvents());
  await view('Examples').click();
  const cell = page.getByRole('gridcell');
  await expect.element(cell).toBeInTheDocument();
  expect(cell.elements()).toHaveLength(1);
  await page.getByText('as asked', { exact: true }).click();
  cell.element().focus();
  await userEvent.keyboard('{Control>}{Home}{/Control}{ArrowRight}{ArrowRight}{ArrowDown}');
  await expect.element(page.getByTestId('cell')).toHaveTextContent('c2 on validation-2');
  await userEvent.keyboard('{Enter}');
  await expect.element(inspector()).toHaveTextContent('Candidate c2');
  await userEvent.keyboard('{Control>}{End}{/Control}');
  await expect.element(page.getByTestId('cell')).toHaveTextContent('on validation-48');
  const box = page.getByRole('grid').element();
  expect(box.scrollTop + box.clientHeight).toBeGreaterThan(box.scrollHeight - 4);
});

test('score: what was rejected is told by pointing, by the keyboard and in the table', async () => {
  const events = recordedEvents();
  const reasons = events.flatMap((event) => (event.type === 'rejected' ? [event.reason] : []));
  await started(events);
  await expect.element(page.getByRole('button', { name: /^c0, / })).toBeInTheDocument();
  const caption = () => document.querySelector('.caption')?.textContent ?? '';
  stops('section[aria-labelledby=chart-title]')[0]?.focus();
  await userEvent.keyboard('{ArrowDown}{Home}');
  const told = page.getByRole('img', { name: /^Rejected in step / });
  await expect.element(told).toHaveFocus();
  expect(caption()).toContain(reasons[0]);
  await userEvent.keyboard('{ArrowUp}');
  await expect.element(told).not.toBeInTheDocument();
  expect(document.activeElement?.getAttribute('data-id')).toMatch(/^c\d+$/);

  const axis = document.querySelector('path.rejected')?.getBoundingClientRect();
  const chart = document.querySelector('section[aria-labelledby=chart-title] svg[role=group]');
  if (!axis || !chart) throw new Error('nothing was rejected');
  const box = chart.getBoundingClientRect();
  // Beside the first tick, above the axis: nearer than a finger.
  await userEvent.click(chart, { position: { x: axis.left - box.left - 4, y: axis.bottom - box.top - 3 } });
  await expect.poll(caption).toContain(reasons[0]);

  await page.getByText('The chart as a table').click();
  await expect.element(page.getByRole('cell', { name: `rejected: ${reasons[0]}` }).first()).toBeVisible();
});

test.each([
  ['Lineage', 'scrollTop'],
  ['Examples', 'scrollLeft'],
] as const)('%s: what is selected is not scrolled back to while the run goes on', async (name, scroll) => {
  const events = largeEvents({ candidates: 200, examples: 4 });
  const half = Math.round(events.length / 2);
  const { run } = await started(events.slice(0, half));
  await page
    .getByRole('table', { name: 'Candidates' })
    .getByRole('button', { name: /^c\d+$/ })
    .last()
    .click();
  await view(name).click();
  const box = () => document.querySelector('.hold');
  await expect.poll(() => box()?.[scroll] ?? 0).toBeGreaterThan(0);
  const found = box();
  if (!found) throw new Error('nothing to scroll');
  found[scroll] = 0;
  for (const event of events.slice(half)) run.send({ type: 'event', event });
  await expect.element(page.getByRole('tab', { name: /^Trajectory\s*200$/ })).toBeVisible();
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  expect(found[scroll]).toBe(0);
});

test.each(['Score', 'Lineage', 'Map', 'Examples'])(
  '%s does not scroll the page sideways at 360 px',
  async (name) => {
    await page.viewport(360, 800);
    await started(largeEvents({ candidates: 120, examples: 48, graded: true }));
    await view(name).click();
    if (name === 'Map') await page.getByRole('button', { name: 'Place the prompts' }).click();
    await expect.element(page.getByRole('tabpanel').first()).toBeVisible();
    if (name === 'Examples') await expect.element(page.getByRole('grid')).toBeVisible();
    expect(document.documentElement.scrollWidth).toBeLessThanOrEqual(360);
  },
);
