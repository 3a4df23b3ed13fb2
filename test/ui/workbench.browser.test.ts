import { beforeEach, expect, test } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import App from '../../src/ui/App.svelte';
import '../../src/ui/theme.css';
import { seen } from '../../src/ui/state/memory.ts';
import { recordedEvents } from './recorded.ts';
import { handRun, standIn, summary } from './stand-in.ts';

beforeEach(async () => {
  localStorage.clear();
  location.hash = '';
  await page.viewport(1280, 900);
  seen();
});

const events = recordedEvents();
const replay = () => page.getByRole('toolbar', { name: 'Replay' });
const slider = () => page.getByRole('slider', { name: 'Moment of the run' });
const inspector = () => page.getByRole('complementary', { name: 'Inspector' });
const part = (name: RegExp) =>
  page.getByRole('list', { name: /Stages of the search/ }).getByRole('button', { name });

async function opened() {
  const whetstone = standIn(() => handRun(), [summary()]);
  await render(App, { whetstone });
  await page.getByRole('link', { name: 'Library' }).click();
  await page.getByRole('button', { name: 'Open', exact: true }).click();
  await expect.element(slider()).toBeVisible();
}

/** Events shown, as the slider says. */
const at = () => {
  const element = slider().element();
  return element instanceof HTMLInputElement ? element.valueAsNumber : -1;
};

test('a recorded run goes from stage to stage in both directions, by mouse and by keyboard', async () => {
  await opened();
  await expect.poll(at).toBe(events.length);
  const back = replay().getByRole('button', { name: /Back/ });
  const step = replay().getByRole('button', { name: /Step/ });
  await back.click();
  // Everything between the end of the search and the end of the run is the final test.
  const searched = events.findIndex((event) => event.type === 'searched');
  await expect.poll(at).toBeLessThan(events.length);
  expect(at()).toBeGreaterThanOrEqual(searched);
  const places = [at()];
  for (let i = 0; i < 5; i++) {
    await back.click();
    await expect.poll(at).toBeLessThan(places.at(-1) ?? 0);
    places.push(at());
  }
  for (const place of places.slice(0, -1).toReversed()) {
    await step.click();
    await expect.poll(at).toBe(place);
  }

  const element = slider().element();
  if (!(element instanceof HTMLInputElement)) throw new Error('no slider');
  element.focus();
  await userEvent.keyboard('{ArrowLeft}');
  await expect.poll(at).toBe(places[1]);
  await userEvent.keyboard('{ArrowRight}');
  await expect.poll(at).toBe(places[0]);
  await userEvent.keyboard('{Home}');
  await expect.poll(at).toBe(0);
  await userEvent.keyboard('{PageUp}');
  await expect.poll(at).toBe(events.findIndex((event) => event.type === 'step'));
  await userEvent.keyboard('{End}');
  await expect.poll(at).toBe(events.length);
  await userEvent.keyboard('{Home} ');
  await expect.element(replay().getByRole('button', { name: 'Pause' })).toBeVisible();
  await expect.poll(at).toBeGreaterThan(5);
  await userEvent.keyboard(' ');
  await expect.element(replay().getByRole('button', { name: 'Play', exact: true })).toBeVisible();
  const stands = at();
  await new Promise((resolve) => setTimeout(resolve, 120));
  expect(at()).toBe(stands);
});

test('the speed of playing can be chosen', async () => {
  await opened();
  await replay().getByRole('combobox', { name: 'Speed' }).selectOptions('16');
  await replay().getByRole('button', { name: 'Play', exact: true }).click();
  // A whole run takes 90 s at speed 1, so some 340 of these 2,000 events a second.
  await expect.poll(at, { timeout: 10_000 }).toBeGreaterThan(300);
});

test('a part of the loop lights up, and tells what went through it in this step and earlier ones', async () => {
  await opened();
  const third = events.findIndex((event) => event.type === 'step' && event.step === 3);
  const asked = events.findIndex((event, i) => i > third && event.type === 'asked');
  await slider().fill(String(asked + 1));
  await expect.element(part(/^Meta-prompt/)).toHaveAttribute('aria-current', 'step');
  await part(/^Trajectory/).click();
  await expect.element(inspector()).toHaveTextContent('Recalled by relevance');
  await expect.element(inspector()).toHaveTextContent('similarity 0.90');
  await expect.element(inspector()).toHaveTextContent('Step 3');
  await inspector()
    .getByRole('button', { name: /Go back/ })
    .click();
  await expect.element(inspector()).toHaveTextContent('Step 2');
  await inspector().getByRole('button', { name: 'Follow the run' }).click();
  await expect.element(inspector()).toHaveTextContent('Step 3');

  await part(/^Meta-prompt/).click();
  await expect.element(inspector()).toHaveTextContent('earlier prompts');
  await expect.element(inspector()).toHaveTextContent('You may change up to');
  expect(inspector().element().querySelectorAll('.part.trajectory, .part.step-size').length).toBeGreaterThan(
    1,
  );

  await slider().fill(String(events.length));
  await part(/^Evaluate/).click();
  await expect.element(inspector()).toHaveTextContent(/48 examples answered, \d+ right/);
  await inspector()
    .getByText(/48 examples answered/)
    .first()
    .click();
  expect(inspector().element().querySelectorAll('.marks li').length).toBeGreaterThanOrEqual(48);
  await part(/^Select/).click();
  await expect.element(inspector()).toHaveTextContent('leads on');
  await userEvent.keyboard('{Escape}');
  await expect.element(inspector()).toHaveTextContent('the best so far');
});

test('parts of the loop and tabs explain themselves to the keyboard, too', async () => {
  await opened();
  const shown = () => document.querySelector('.tip:popover-open')?.textContent ?? '';
  part(/^Trajectory/)
    .element()
    .focus();
  await userEvent.keyboard('{Tab}');
  const station = document.activeElement;
  await expect.poll(shown).not.toBe('');
  expect(station?.getAttribute('aria-describedby')).toBe(document.querySelector('.tip:popover-open')?.id);
  await userEvent.keyboard('{Escape}');
  expect(shown()).toBe('');
  page
    .getByRole('tab', { name: /^Trajectory/ })
    .element()
    .focus();
  await userEvent.keyboard('{ArrowRight}');
  await expect.poll(shown).toContain('asks the optimizer model');
});

test('a live run is held after each stage and let go', async () => {
  const run = handRun();
  await render(App, { whetstone: standIn(() => run) });
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  run.send({ type: 'status', status: 'running' });
  const proposing = events.findIndex((event) => event.type === 'stage' && event.stage === 'propose');
  for (const event of events.slice(0, proposing)) run.send({ type: 'event', event });
  const bar = page.getByRole('toolbar', { name: 'Step mode' });
  // All by keys: what has the focus keeps it, whatever it says by now.
  const first = bar.getByRole('button').first();
  await expect.element(first).toHaveTextContent('Step through');
  first.element().focus();
  await userEvent.keyboard('{Enter}');
  expect(run.calls).toEqual(['next']);
  run.send({ type: 'stepping', stepping: true, held: false });
  await expect.element(bar).toHaveTextContent('Holds at the end of this stage');
  await expect.element(first).toHaveFocus();
  await userEvent.keyboard('{Tab}');
  const next = bar.getByRole('button', { name: /next stage/ });
  await expect.element(next).toHaveFocus();
  await expect.element(next).toHaveAttribute('aria-disabled', 'true');
  run.send({ type: 'stepping', stepping: true, held: true });
  await expect.element(bar).toHaveTextContent('Held after: step 1/6 · setting the step size');
  await expect.element(bar).toHaveTextContent('No model is asked');
  await expect.element(page.getByTestId('stage-line')).toHaveTextContent('Held');
  await userEvent.keyboard('{Enter}');
  run.send({ type: 'stepping', stepping: true, held: false });
  run.send({ type: 'stepping', stepping: true, held: true });
  await expect.element(next).toHaveFocus();
  await userEvent.keyboard('{ArrowRight}');
  expect(run.calls).toEqual(['next', 'next', 'next']);
  await userEvent.keyboard('{Shift>}{Tab}{/Shift}{Enter}');
  expect(run.calls.at(-1)).toBe('play');
  run.send({ type: 'stepping', stepping: false, held: false });
  await expect.element(first).toHaveTextContent('Step through');
  await expect.element(first).toHaveFocus();
});
