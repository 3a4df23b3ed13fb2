import { expect, test } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import '../../src/ui/theme.css';
import GradientPanel from '../../src/ui/panels/GradientPanel.svelte';
import { emptyView, reduce } from '../../src/ui/run-view.ts';
import { gradientEvents } from './recorded-gradient.ts';

function shown(measurements = 4) {
  const selections: string[] = [];
  const view = gradientEvents(measurements).reduce(reduce, emptyView());
  render(GradientPanel, { view, selected: null, select: (id: string) => selections.push(id) });
  return { view, selections };
}

test('restarts are named by who chose them, in the chart, the words and the table', async () => {
  shown();
  await expect
    .element(page.getByRole('img', { name: /^Restart 1 by language model at gradient step 20, loss/ }))
    .toBeInTheDocument();
  await expect.element(page.getByRole('img', { name: /^Restart 2 by noise/ })).toBeInTheDocument();
  await expect.element(page.getByText('Restart 3, by language model')).toBeInTheDocument();
  await page.getByText('The chart as a table').click();
  const table = page.getByRole('table', { name: 'Loss and accuracy at each measurement and restart' });
  await expect.element(table.getByText('restart 2: noise')).toBeInTheDocument();
  await expect.element(table.getByText(/undone: .* Learning rate 0.005 from here/)).toBeInTheDocument();
  // 4 restarts, 5 measurements each, one stretch undone, the heading.
  expect(table.getByRole('row').elements()).toHaveLength(4 + 20 + 1 + 1);
});

test('a word shows the five nearest when it is pointed at or reached by keyboard', async () => {
  shown();
  const words = page.getByRole('region', { name: 'Words of the virtual tokens' });
  const first = words.getByRole('button', { name: /virtual token 1, step 0$/ }).first();
  await first.hover();
  await expect.element(page.getByText('Token 1, step 0:')).toBeInTheDocument();
  await expect.element(page.getByText('0.62', { exact: true })).toBeInTheDocument();
  await expect.element(page.getByText('0.34', { exact: true })).toBeInTheDocument();

  (first.element() as HTMLElement).focus();
  await userEvent.keyboard('{ArrowRight}{ArrowDown}');
  await expect.element(page.getByText('Token 2, step 5:')).toBeInTheDocument();
  await userEvent.keyboard('{End}');
  await expect.element(page.getByText('Token 8, step 5:')).toBeInTheDocument();
  // At the edge it stays where it is.
  await userEvent.keyboard('{ArrowRight}');
  await expect.element(page.getByText('Token 8, step 5:')).toBeInTheDocument();
  expect(
    words
      .getByRole('button')
      .elements()
      .filter((one) => one.matches('[data-cell][tabindex="0"]')),
  ).toHaveLength(1);
});

test('words that changed say so', async () => {
  shown();
  const words = page.getByRole('region', { name: 'Words of the virtual tokens' });
  expect(words.getByRole('button', { name: /, changed; virtual token/ }).elements().length).toBeGreaterThan(
    5,
  );
  const begun = words.getByRole('button', { name: /changed; virtual token \d, step 0$/ });
  await expect.element(begun).not.toBeInTheDocument();
});

test('measurements are reached by arrow keys and lead to their candidate', async () => {
  const { view, selections } = shown();
  const points = page.getByRole('button', { name: /^Gradient step/ });
  expect(points.elements()).toHaveLength(20);
  const home = points.elements().find((one) => one.getAttribute('tabindex') === '0');
  expect(home?.getAttribute('aria-label')).toContain('the lowest loss');
  (home as SVGElement).focus();
  await userEvent.keyboard('{Home}{ArrowRight}{Enter}');
  expect(selections).toEqual([view.gradient.tuned[1]?.candidate]);
  await expect.element(page.getByText('soft prompt 0.722')).toBeInTheDocument();
});

test('a long run shows its latest rows first, and all when asked', async () => {
  shown(60);
  const words = page.getByRole('region', { name: 'Words of the virtual tokens' });
  const rows = () => words.getByRole('row').elements().length - 1;
  expect(rows()).toBe(120);
  await page.getByRole('button', { name: 'Show 128 earlier rows' }).click();
  await expect.poll(rows).toBe(248);
});
