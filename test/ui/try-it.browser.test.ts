import { expect, test } from 'vitest';
import { page } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import '../../src/ui/theme.css';
import TryIt from '../../src/ui/panels/TryIt.svelte';
import { EngineError } from '../../src/core/model.ts';
import type { Candidate } from '../../src/core/candidate.ts';
import type { Whetstone } from '../../src/app/types.ts';
import { Session } from '../../src/ui/state/session.svelte.ts';
import { config, task } from './recorded.ts';
import { standIn } from './stand-in.ts';

const candidate = (id: string, prompt: string): Candidate => ({
  id,
  prompt,
  shots: [],
  parents: [],
  origin: 'initial',
  step: 0,
});
const initial = candidate('c0', 'odd');
const best = candidate('c7', 'even');

function shown(tryOut?: Whetstone['tryOut']) {
  const whetstone = standIn(() => {
    throw new Error('no run is started here');
  });
  const session = new Session(tryOut ? { ...whetstone, tryOut } : whetstone);
  render(TryIt, { session, task, config, initial, best });
  return whetstone;
}

test('one input is answered under both prompts, heard as it comes, by keyboard alone', async () => {
  const whetstone = shown();
  const ask = page.getByRole('button', { name: 'Ask with both prompts' });
  await expect.element(ask).toBeDisabled();
  const box = page.getByLabelText(/An input of your own/);
  await box.fill('A <b>dull</b> film');
  await ask.click();
  await expect.element(page.getByRole('status')).toBeInTheDocument();
  const first = page.getByRole('region', { name: 'Answer under the initial prompt' });
  const second = page.getByRole('region', { name: 'Answer under the best prompt' });
  await expect.element(first.getByText('Read as: positive')).toBeInTheDocument();
  await expect.element(second.getByText('Read as: negative')).toBeInTheDocument();
  await expect.element(second.getByText('negative for A <b>dull</b> film')).toBeInTheDocument();
  const { target } = config.models;
  expect(whetstone.calls).toEqual([`try ${target}: A <b>dull</b> film`, `try ${target}: A <b>dull</b> film`]);
});

test('weighed answers stand with their probability', async () => {
  shown(() =>
    Promise.resolve({
      reply: '',
      answer: 'negative',
      weighed: [
        { answer: 'negative', probability: 0.8 },
        { answer: 'positive', probability: 0.2 },
      ],
    }),
  );
  await page.getByLabelText(/An input of your own/).fill('x');
  await page.getByRole('button', { name: 'Ask with both prompts' }).click();
  const items = page.getByRole('region', { name: 'Answer under the best prompt' }).getByRole('listitem');
  await expect.element(items.first()).toHaveTextContent('negative 80 %');
  await expect.element(items.nth(1)).toHaveTextContent('positive 20 %');
});

test('why it was not answered is told, with what to do', async () => {
  shown(() =>
    Promise.reject(
      new EngineError('refused', 'A run with other models is going on in this tab.', 'Stop it first.'),
    ),
  );
  await page.getByLabelText(/An input of your own/).fill('x');
  await page.getByRole('button', { name: 'Ask with both prompts' }).click();
  await expect
    .element(page.getByRole('alert'))
    .toHaveTextContent('A run with other models is going on in this tab. Stop it first.');
});
