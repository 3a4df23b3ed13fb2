import { beforeEach, describe, expect, test, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import { taskText } from '../../src/app/task-file.ts';
import App from '../../src/ui/App.svelte';
import '../../src/ui/theme.css';
import { handRun, standIn } from './stand-in.ts';

beforeEach(async () => {
  localStorage.clear();
  location.hash = '';
  await page.viewport(1280, 900);
});

const dialog = () => page.getByRole('dialog', { name: 'Import a task' });
const status = () => page.getByTestId('import-status');
const sizes = () => page.getByTestId('import-sizes');

async function opened() {
  const whetstone = standIn(() => handRun());
  await render(App, { whetstone });
  await page.getByRole('button', { name: 'Import a task' }).click();
  await expect.element(dialog()).toBeVisible();
  return whetstone;
}

async function pasted(text: string) {
  const whetstone = await opened();
  await page.getByLabelText(/^Or paste/).fill(text);
  await page.getByRole('button', { name: 'Read the text' }).click();
  return whetstone;
}

const reviews = [
  'text,label',
  ...Array.from(
    { length: 40 },
    (_, i) => `"Review ${i}, which is ${i % 2 ? 'glad' : 'sad'}",${i % 2 ? 'good' : 'bad'}`,
  ),
].join('\n');

describe('pasted rows', () => {
  test('are understood, drawn into splits and imported as a task', async () => {
    const whetstone = await pasted(reviews);
    await expect.element(status()).toHaveTextContent('40 examples will be imported.');
    await expect.element(dialog().getByLabelText('Input', { exact: true })).toHaveValue('text');
    await expect.element(dialog().getByLabelText('Right answer', { exact: true })).toHaveValue('label');
    await expect.element(sizes()).toHaveTextContent(/train.* 10validation.* 10test.* 20$/);
    await expect
      .element(page.getByTestId('import-why'))
      .toHaveTextContent('only 2 different answers (bad, good)');
    await dialog().getByLabelText('Name', { exact: true }).fill('Short reviews');
    await dialog().getByLabelText('Share for train').fill('50');
    await expect.element(sizes()).toHaveTextContent(/train.* 16validation.* 8test.* 16$/);
    await dialog().getByRole('button', { name: 'Import', exact: true }).click();
    await expect.element(dialog()).not.toBeInTheDocument();
    expect(whetstone.calls).toContain('import short-reviews');
    await expect
      .element(page.getByRole('combobox', { name: 'Task', exact: true }))
      .toHaveValue('short-reviews');
    const task = await whetstone.task('short-reviews');
    expect(task.metric).toEqual({ kind: 'choice', options: ['bad', 'good'] });
    expect(task.splits.test).toHaveLength(16);
    expect(task.splits.train.filter(({ gold }) => gold[0] === 'good')).toHaveLength(8);
  });

  test('that are bad are listed, and nothing is imported until the user says what to do', async () => {
    const whetstone = await pasted(`${reviews}\nno answer,\n,good\n"not closed,good`);
    const bad = page.getByTestId('bad-rows');
    await expect.element(bad).toHaveTextContent('3 rows cannot be used');
    await expect.element(bad).toHaveTextContent(/row 42 of pasted text\s*label\s*is empty/);
    await expect.element(bad).toHaveTextContent(/row 44 of pasted text.* never ends/);
    const go = dialog().getByRole('button', { name: 'Import', exact: true });
    await expect.element(go).toBeDisabled();
    await bad.getByLabelText(/Skip them/).click();
    await expect.element(go).toBeEnabled();
    await go.click();
    await expect.poll(() => whetstone.calls).toContain('import imported-task');
  });

  test('with copies across splits go only on the user’s word', async () => {
    const rows = Array.from(
      { length: 12 },
      (_, i) => `Question ${i},${['train', 'dev', 'test'][i % 3]},${i}`,
    );
    await pasted(['question,split,answer', ...rows, 'question  2,train,2', 'QUESTION 1,train,7'].join('\n'));
    const copies = page.getByTestId('copies');
    await expect.element(copies).toHaveTextContent('2 rows with an input that is in another split too');
    await expect.element(copies).toHaveTextContent(/train: row 14 of pasted text\s*test: row 4/);
    await expect.element(copies).toHaveTextContent('Their answers differ.');
    await expect.element(dialog().getByRole('button', { name: 'Import', exact: true })).toBeDisabled();
    await copies.getByLabelText(/Remove the copies/).click();
    await expect.element(status()).toHaveTextContent('12 examples will be imported.');
  });

  test('can be read and mapped in another way', async () => {
    await pasted('one;two;three\na b;1;x\nc d;2;y\ne f;3;x\ng h;4;y\ni j;5;x\nk l;6;y');
    await expect.element(status()).toHaveTextContent('Choose the column that holds the input.');
    await dialog().getByLabelText('Input', { exact: true }).selectOptions('one');
    await expect.element(status()).toHaveTextContent('Choose the column that holds the right answer.');
    await dialog().getByLabelText('Right answer', { exact: true }).selectOptions('two');
    await expect.element(page.getByTestId('import-why')).toHaveTextContent('All 6 answers are numbers');
    await dialog().getByLabelText('Right answer', { exact: true }).selectOptions('three');
    await expect.element(page.getByTestId('import-why')).toHaveTextContent('short and many are different');
    await dialog().getByLabelText('An answer is right by').selectOptions('contains');
    await expect.element(page.getByTestId('import-why')).toHaveTextContent('As you chose.');
    await dialog().getByText('How the table is read').click();
    await dialog().getByLabelText('The first row names the columns').click();
    await expect.element(dialog().getByText('column 1').first()).toBeInTheDocument();
  });

  test('that are a task file with a mistake are refused with its place', async () => {
    const task = await standIn(() => handRun()).task('movie-sentiment');
    const [first] = task.splits.test;
    const splits = {
      train: [first],
      validation: [{ ...first, input: 'other' }],
      test: [{ input: 'a', gold: 7 }],
    };
    const whetstone = await pasted(JSON.stringify({ version: 1, ...task, splits }));
    await expect
      .element(page.getByRole('alert'))
      .toHaveTextContent(/test example 1: 'gold' must be a text or a non-empty list of texts/);
    expect(whetstone.calls.filter((call) => call.startsWith('import'))).toEqual([]);
  });

  test('are shown as text, whatever they hold', async () => {
    const hostile = '<img src=x onerror="globalThis.harm = true">';
    await pasted(
      JSON.stringify(
        [1, 2, 3, 4].map((i) => ({ input: `${hostile}${i}`, [hostile]: hostile, gold: hostile })),
      ),
    );
    await expect.element(dialog()).toHaveTextContent(`${hostile}1`);
    expect(dialog().element().querySelectorAll('img')).toHaveLength(0);
    expect('harm' in globalThis).toBe(false);
  });
});

/** A drop with these files; folders cannot be made by a page, so their paths are not tried here. */
function dropped(on: Element, files: readonly File[]) {
  const transfer = new DataTransfer();
  for (const file of files) transfer.items.add(file);
  on.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
}
const jsonl = (name: string, from: number, n: number) =>
  new File(
    Array.from(
      { length: n },
      (_, i) => `{"input":"Is ${from + i} even?","target":"${(from + i) % 2 ? 'No' : 'Yes'}"}\n`,
    ),
    `${name}.jsonl`,
  );

test('dropped files are splits by their names; few-shot and format examples are left out', async () => {
  const whetstone = standIn(() => handRun());
  await render(App, { whetstone });
  dropped(page.getByRole('form', { name: 'Set-up' }).element(), [
    jsonl('few_shot_examples', 900, 5),
    jsonl('test', 200, 30),
    jsonl('train', 0, 10),
    jsonl('eval', 100, 12),
    jsonl('format', 800, 4),
  ]);
  await expect.element(sizes()).toHaveTextContent(/train.* 10validation.* 12test.* 30 left out 9$/);
  await expect.element(page.getByTestId('import-why')).toHaveTextContent('All answers are Yes or No');
  await dialog().getByLabelText('few_shot_examples.jsonl').selectOptions('train');
  await expect.element(sizes()).toHaveTextContent(/train.* 15validation.* 12test.* 30 left out 4$/);
  await dialog().getByText('Draw them', { exact: true }).click();
  await expect.element(sizes()).toHaveTextContent(/train.* 14validation.* 15test.* 28 left out 4$/);
});

test('a long import can be cancelled, and leaves nothing', async () => {
  const whetstone = await opened();
  const lines = new Blob([`{"input":"${'word '.repeat(60)}","target":"x"}\n`.repeat(6000)]);
  // Some 120 MB: seconds of reading, in which one can look and click.
  const big = new File(
    Array.from({ length: 60 }, () => lines),
    'big.jsonl',
  );
  dropped(dialog().element(), [big]);
  await expect.poll(() => dialog().element().textContent, { interval: 20 }).toContain('Reading…');
  expect(dialog().element().querySelector('progress')?.labels[0]?.textContent).toBe('Reading…');
  await dialog().getByRole('button', { name: 'Cancel' }).click();
  await expect.element(dialog().getByText('Drop files or a folder here')).toBeVisible();
  await expect.element(page.getByRole('alert')).not.toBeInTheDocument();
  expect(whetstone.calls.filter((call) => call.startsWith('import'))).toEqual([]);
  // The next one works, in a new worker.
  await page.getByLabelText(/^Or paste/).fill(reviews);
  await page.getByRole('button', { name: 'Read the text' }).click();
  await expect.element(status()).toHaveTextContent('40 examples will be imported.');
});

test('Escape ends reading first and then the dialog, which forgets what was read', async () => {
  await pasted(reviews);
  await expect.element(status()).toHaveTextContent('40 examples will be imported.');
  await userEvent.keyboard('{Escape}');
  await expect.element(dialog()).not.toBeInTheDocument();
  await page.getByRole('button', { name: 'Import a task' }).click();
  await expect.element(dialog().getByText('Drop files or a folder here')).toBeVisible();
});

test('a task is exported as files that are the task', async () => {
  const whetstone = standIn(() => handRun());
  const saved: { name: string; content: Promise<string> }[] = [];
  const urls = new Map<string, Blob>();
  const make = vi.spyOn(URL, 'createObjectURL').mockImplementation((blob) => {
    const url = `blob:${urls.size}`;
    if (blob instanceof Blob) urls.set(url, blob);
    return url;
  });
  const click = vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (
    this: HTMLAnchorElement,
  ) {
    saved.push({ name: this.download, content: urls.get(this.href)?.text() ?? Promise.resolve('') });
  });
  await render(App, { whetstone });
  await page.getByRole('button', { name: 'Export this task' }).click();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect.poll(() => saved.map(({ name }) => name)).toEqual(['movie-sentiment.json']);
  expect(await saved[0]?.content).toBe(taskText(await whetstone.task('movie-sentiment')));

  await page.getByRole('button', { name: 'Export this task' }).click();
  await page.getByLabelText(/a file a split/).click();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect
    .poll(() => saved.map(({ name }) => name).slice(1))
    .toEqual(['train.jsonl', 'validation.jsonl', 'test.jsonl']);
  make.mockRestore();
  click.mockRestore();
});

test.each([360, 1280])('nothing of the import scrolls sideways at %i px', async (width) => {
  await page.viewport(width, 800);
  await pasted(`${reviews}\n${'long'.repeat(200)},\n`);
  await expect.element(page.getByTestId('bad-rows')).toBeInTheDocument();
  const element = dialog().element();
  expect(element.scrollWidth).toBeLessThanOrEqual(element.clientWidth);
  expect(document.documentElement.scrollWidth).toBeLessThanOrEqual(width);
});
