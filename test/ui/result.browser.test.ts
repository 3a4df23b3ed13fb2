import { expect, test } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import type { RunEvent } from '../../src/core/events.ts';
import ResultCard from '../../src/ui/panels/ResultCard.svelte';
import { emptyView, reduce } from '../../src/ui/run-view.ts';
import '../../src/ui/theme.css';
import { doubtfulEvents, recordedEvents, task } from './recorded.ts';

async function card(events: readonly RunEvent[]) {
  const view = events.reduce(reduce, emptyView());
  await render(ResultCard, { view, task, name: 'run', exportRun: () => undefined });
  const { result } = view;
  if (!result?.comparison) throw new Error('nothing compared');
  return { result, comparison: result.comparison };
}

test('the classes add up, the filter works by keyboard, and both replies stand side by side', async () => {
  const { comparison } = await card(recordedEvents());
  await expect.element(page.getByTestId('verdict')).toHaveTextContent(comparison.verdict);
  const changes = page.getByRole('region', { name: 'What changed' });
  const gained = changes.getByRole('radio', { name: `Gained ${comparison.gained}` });
  await expect.element(gained).toBeChecked();
  await expect.element(changes.getByRole('radio', { name: 'All 96' })).toBeInTheDocument();
  gained.element().focus();
  await userEvent.keyboard('{ArrowRight}');
  await expect.element(changes.getByRole('radio', { name: `Lost ${comparison.lost}` })).toBeChecked();
  const list = changes.getByRole('list', { name: 'Lost' });
  await expect.element(list.getByRole('listitem').first()).toHaveTextContent(/Initial prompt.*New prompt/);
  await expect
    .element(list.getByRole('listitem').first().getByRole('img').first())
    .toHaveAccessibleName('right');

  await changes.getByText('All 96').click();
  await expect.element(changes.getByText('1–10 of 96 examples')).toBeVisible();
  await changes.getByRole('button', { name: 'Next' }).click();
  await expect.element(changes.getByText('11–20 of 96 examples')).toBeVisible();
});

test('a prompt that quotes a test example is never called better; its quotations are marked', async () => {
  const { result } = await card(doubtfulEvents());
  await expect.element(page.getByTestId('verdict')).toHaveTextContent('not shown');
  expect(document.querySelector('.verdict.better')).toBeNull();
  await expect.element(page.getByTestId('leaks')).toHaveTextContent(/Error: text of 1 test example/);
  expect([...document.querySelectorAll('mark')].map((mark) => mark.textContent)).toEqual([
    task.splits.train[0]?.input.replace(/\.$/, ''),
    'It is a moving love story seen by test-3 alone',
  ]);
  const prompt = document.querySelector('[data-testid=best-prompt]')?.textContent ?? '';
  expect(prompt).toMatch(/^Judge the review\. For instance, “It is .*” is positive\.$/);
  expect(result.leaks).toHaveLength(2);
  await expect.element(page.getByTestId('gap')).toHaveTextContent('fitted 19 points [5, 32] of chance');
  await expect
    .element(page.getByTestId('robustness'))
    .toHaveTextContent(/5 paraphrases: mean 64 %, 58 to 71 %/);
});
