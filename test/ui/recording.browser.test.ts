import { beforeEach, expect, test } from 'vitest';
import { page } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import type { Recording } from '../../src/app/types.ts';
import App from '../../src/ui/App.svelte';
import '../../src/ui/theme.css';
import { seen } from '../../src/ui/state/memory.ts';
import { handRun, standIn, summary } from './stand-in.ts';

beforeEach(async () => {
  localStorage.clear();
  location.hash = '';
  await page.viewport(1280, 900);
  seen();
});

/** The page with a recorded run; `changed` is what is other about the recording. */
async function opened(changed: (recording: Recording) => Partial<Recording> = () => ({})) {
  const whetstone = standIn(() => handRun(), [summary()]);
  const recording = async (id: string) => {
    const usual = await whetstone.recording(id);
    return { ...usual, ...changed(usual) };
  };
  await render(App, { whetstone: { ...whetstone, recording } });
  await page.getByRole('link', { name: 'Library' }).click();
  await page.getByRole('button', { name: 'Open', exact: true }).click();
  return whetstone;
}

const branching = () => page.getByRole('button', { name: 'Branch from here' });
const dialog = () => page.getByRole('dialog', { name: /^Branch from step/ });

test('a branch may have any other limit, and its cancelling gives the focus back', async () => {
  const whetstone = await opened(({ config }) => ({
    config: { ...config, budget: { targetCalls: 54, minutes: 2 } },
  }));
  await branching().click();
  const calls = dialog().getByLabelText('Target calls in all');
  await expect.element(calls).toHaveValue(54);
  await expect.element(dialog().getByText('Nothing is changed: the run would repeat itself')).toBeVisible();
  await calls.fill('80');
  await dialog().getByLabelText('Minutes in all').fill('3');
  await expect.element(dialog().getByText('2 changed')).toBeVisible();
  await dialog().getByRole('button', { name: 'Cancel' }).click();
  await expect.element(dialog()).not.toBeInTheDocument();
  await expect.element(branching()).toHaveFocus();
  await branching().click();
  await dialog().getByRole('button', { name: 'Start the branch' }).click();
  await expect.poll(() => whetstone.calls.some((call) => call.startsWith('branch '))).toBe(true);
});

test('a branch of a run whose optimizer is not known here says so before it is started', async () => {
  await opened(({ config }) => ({
    config: { ...config, models: { ...config.models, optimizer: 'wllama:gone' } },
  }));
  await branching().click();
  await expect.element(dialog().getByText(/optimizer model \(wllama:gone\) is not known here/)).toBeVisible();
  await expect.element(dialog().getByRole('button', { name: 'Start the branch' })).toBeDisabled();
});

test('a recording that ends before its run says so, unless the run was interrupted', async () => {
  await opened(({ summary: run }) => ({
    summary: { ...run, status: 'finished' },
    whole: Promise.resolve(false),
  }));
  await expect.element(page.getByRole('alert').getByText(/breaks off before the end/)).toBeVisible();
});

test('the form stays in the address when its place is asked for once more', async () => {
  await render(App, { whetstone: standIn(() => handRun()) });
  await page.getByLabelText('Initial prompt', { exact: true }).fill('Which is it?');
  await expect.poll(() => location.hash).toMatch(/^#run=1\./);
  const { hash } = location;
  await page.getByRole('link', { name: 'Run', exact: true }).click();
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(location.hash).toBe(hash);
});
