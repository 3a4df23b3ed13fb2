import { beforeEach, expect, test } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import type { CustomModel, ModelChoice, ModelFiles } from '../../src/app/types.ts';
import ModelDialog from '../../src/ui/panels/ModelDialog.svelte';
import Setup from '../../src/ui/panels/Setup.svelte';
import { Session } from '../../src/ui/state/session.svelte.ts';
import '../../src/ui/theme.css';
import { handDownloads, handRun, manyModels, standIn } from './stand-in.ts';

const QWEN = 'webllm:qwen2.5-1.5b-f16';
const SMOL = 'wllama:smollm2-135m';

beforeEach(async () => {
  localStorage.clear();
  await page.viewport(1280, 900);
});

async function opened(files: Iterable<readonly [string, ModelFiles]> = []) {
  const downloads = handDownloads(files);
  const whetstone = standIn(() => handRun(), [], { models: manyModels, downloads });
  const session = new Session(whetstone);
  await session.begin();
  const { component } = await render(ModelDialog, { session });
  component.open();
  const row = (id: string) => {
    const found = document.querySelector(`[data-model="${CSS.escape(id)}"]`);
    if (!(found instanceof HTMLElement)) throw new Error(`${id} has no row`);
    return page.elementLocator(found);
  };
  return { downloads, whetstone, session, row };
}

const going = (loaded: number, leftMs: number | null): ModelFiles => ({
  state: 'downloading',
  loaded,
  total: 869_000_000,
  bytesPerSecond: leftMs === null ? null : 12_000_000,
  leftMs,
});

test('the recommended model comes first, those that cannot run last, with the reason', async () => {
  const { row } = await opened();
  const table = page.getByRole('table', { name: 'Models' });
  await expect.element(table).toBeVisible();
  const heads = table.getByRole('columnheader').elements();
  expect(heads.map((head) => head.textContent?.trim())).toEqual([
    'Model',
    'Download',
    'Memory',
    'Context',
    'Numbers',
    'Licence',
    'Files',
    'Download or delete',
    'Use as',
  ]);
  const names = [...document.querySelectorAll('[data-model] b')].map((name) => name.textContent);
  expect(names[0]).toBe('Qwen2.5 1.5B Instruct (4 bit, f16)');
  expect(names.slice(-2)).toEqual(['Llama 3.2 1B Instruct', 'Qwen2.5 7B Instruct (4 bit, f16)']);
  await expect.element(row(QWEN)).toHaveTextContent('recommended here');
  await expect.element(row(QWEN)).toHaveTextContent('about 869 MB');
  await expect.element(row(QWEN)).toHaveTextContent('Apache-2.0');
  const large = row('webllm:qwen2.5-7b-f16');
  await expect.element(large).toHaveTextContent('cannot run here');
  await expect.element(large).toHaveTextContent('this GPU lends pieces of at most 134 MB');
  expect(large.getByRole('button').elements()).toEqual([]);
});

test('on a wide page each cell stands under its head', async () => {
  await opened([[SMOL, { state: 'kept', bytes: 1 }]]);
  const left = (one: Element) => Math.round(one.getBoundingClientRect().x);
  const heads = [...document.querySelectorAll('[role=columnheader]')].map(left);
  for (const row of document.querySelectorAll('[data-model]')) {
    const cells = [...row.querySelectorAll('[role=cell]')].slice(0, heads.length).map(left);
    // The recommended one has a border, a pixel wide.
    cells.forEach((x, at) => expect(Math.abs(x - (heads[at] ?? 0))).toBeLessThanOrEqual(1));
  }
});

test('a download is begun, paused, gone on with and deleted from the keyboard, which keeps its place', async () => {
  const { downloads, row } = await opened([[QWEN, { state: 'absent' }]]);
  const download = row(QWEN).getByRole('button', { name: 'Download' });
  download.element().setAttribute('data-one', 'yes');
  const focused = () => document.activeElement?.textContent?.trim();
  await expect.element(download).toHaveAccessibleDescription('Qwen2.5 1.5B Instruct (4 bit, f16)');
  (download.element() as HTMLElement).focus();
  await userEvent.keyboard('{Enter}');
  expect(downloads.calls).toEqual([`start ${QWEN}`]);

  downloads.set(QWEN, going(412_000_000, 38_000));
  await expect.element(row(QWEN)).toHaveTextContent('412 MB of 869 MB');
  await expect.element(row(QWEN)).toHaveTextContent('12 MB/s, 38 s left');
  const bar = page.getByRole('progressbar', { name: /Qwen2.5 1.5B/ });
  await expect.element(bar).toHaveAttribute('value', '412000000');
  expect(focused()).toBe('Pause');
  expect(document.activeElement?.getAttribute('data-one')).toBe('yes');
  await userEvent.keyboard('{Enter}');

  downloads.set(QWEN, { state: 'paused', loaded: 412_000_000, total: 869_000_000 });
  await expect.poll(focused).toBe('Resume');
  await userEvent.keyboard('{Enter}');
  expect(downloads.calls).toEqual([`start ${QWEN}`, `pause ${QWEN}`, `start ${QWEN}`]);

  downloads.set(QWEN, { state: 'kept', bytes: 868_512_345 });
  await expect.element(row(QWEN)).toHaveTextContent('On this machine, 869 MB');
  await expect.element(row(QWEN)).toHaveTextContent('Works offline');
  await expect
    .element(page.getByRole('status').first())
    .toHaveTextContent('is on this machine and works without a network');
  await expect.element(page.getByText('1 model on this machine, 869 MB.')).toBeVisible();
  await expect.poll(focused).toBe('Delete');

  await userEvent.keyboard('{Enter}');
  await expect.poll(focused).toBe('Delete for good');
  await expect
    .element(row(QWEN))
    .toHaveTextContent('To use Qwen2.5 1.5B Instruct (4 bit, f16) again you must');
  await userEvent.keyboard('{Tab}{Enter}');
  await expect.poll(focused).toBe('Delete');
  expect(downloads.calls).not.toContain(`remove ${QWEN}`);
  await userEvent.keyboard('{Enter}');
  await expect.poll(focused).toBe('Delete for good');
  await userEvent.keyboard('{Enter}');
  await expect.poll(() => downloads.calls).toContain(`remove ${QWEN}`);
});

test('a download that failed says why, and what has arrived can be thrown away', async () => {
  const { downloads, row } = await opened([
    [
      QWEN,
      { state: 'failed', loaded: 10_000_000, total: null, message: 'No network.', advice: 'Go on later.' },
    ],
  ]);
  await expect.element(row(QWEN)).toHaveTextContent('No network. Go on later.');
  await row(QWEN).getByRole('button', { name: 'Try again' }).click();
  await row(QWEN).getByRole('button', { name: 'Delete' }).click();
  await expect.element(row(QWEN)).toHaveTextContent('Throw away the 10 MB that have arrived?');
  await row(QWEN).getByRole('button', { name: 'Delete for good' }).click();
  await expect.poll(() => downloads.calls).toEqual([`start ${QWEN}`, `remove ${QWEN}`]);
});

test.each([1280, 360])(
  'at %i px nothing scrolls sideways and nothing moves while a download runs',
  async (width) => {
    await page.viewport(width, 800);
    const { downloads, row } = await opened([[QWEN, going(0, null)]]);
    await expect.element(row(QWEN)).toHaveTextContent('Measuring speed');
    const dialog = document.querySelector('dialog');
    expect(dialog?.scrollWidth).toBeLessThanOrEqual(dialog?.clientWidth ?? 0);
    expect(document.documentElement.scrollWidth).toBeLessThanOrEqual(width);
    const places = () =>
      [...document.querySelectorAll('[data-model], [data-model] button, [data-model] progress')].map(
        (one) => {
          const { x, y, width: wide, height } = one.getBoundingClientRect();
          return [x, y, wide, height].map(Math.round).join(' ');
        },
      );
    const before = places();
    for (const [loaded, left] of [
      [1_000, 900_000],
      [99_999_999, 8_000_000],
      [868_999_999, 1_000],
    ] as const) {
      downloads.set(QWEN, going(loaded, left));
      await new Promise((resolve) => requestAnimationFrame(resolve));
      expect(places()).toEqual(before);
    }
  },
);

test('one model may have both roles, or each its own', async () => {
  const { session, row } = await opened();
  await row(SMOL).getByRole('button', { name: 'Target' }).click();
  await expect.poll(() => session.setup.choices.target).toBe(SMOL);
  await expect
    .element(row(SMOL).getByRole('button', { name: 'Optimizer' }))
    .toHaveAttribute('aria-pressed', 'true');
  await row(QWEN).getByRole('button', { name: 'Optimizer' }).click();
  await expect.poll(() => session.setup.choices.optimizer).toBe(QWEN);
  await row(SMOL).getByRole('button', { name: 'Optimizer' }).click();
  await expect.poll(() => session.setup.choices.optimizer).toBe('same');
});

test('the list can be cut down to what runs here or is here', async () => {
  await opened([[SMOL, { state: 'kept', bytes: 1 }]]);
  const rows = () => document.querySelectorAll('[data-model]').length;
  expect(rows()).toBe(manyModels.length);
  await page.getByText('Run here', { exact: true }).click();
  await expect.poll(rows).toBe(manyModels.filter(({ usable }) => usable).length);
  await page.getByText('On this machine', { exact: true }).click();
  await expect.poll(rows).toBe(1);
});

test('a model is added by its address, a wrong address is told, and an added one is removed', async () => {
  const { whetstone, row } = await opened();
  const given: CustomModel[] = [];
  whetstone.addModel = (model): Promise<ModelChoice> => {
    given.push(model);
    const [first] = manyModels;
    if (given.length > 1 && first) return Promise.resolve(first);
    return Promise.reject(new Error('What is at https://a.example/b.gguf is not a GGUF file.'));
  };
  await page.getByText('Add a model', { exact: true }).click();
  await page.getByText('GGUF by address').click();
  await page.getByLabelText('Address of the file').fill('https://a.example/b.gguf');
  await page.getByRole('button', { name: 'Add the model' }).click();
  await expect.element(page.getByRole('alert')).toHaveTextContent('is not a GGUF file');
  expect(given).toEqual([{ kind: 'gguf', name: 'b', url: 'https://a.example/b.gguf' }]);
  await page.getByRole('button', { name: 'Add the model' }).click();
  await expect.element(page.getByText('My tuned model was added.')).toBeVisible();

  const mine = row('webllm:custom:My tuned model');
  await mine.getByRole('button', { name: 'Remove' }).click();
  await expect.element(mine).toHaveTextContent('You can add it again by its address.');
  await mine.getByRole('button', { name: 'Remove for good' }).click();
  await expect.poll(() => whetstone.calls).toContain('remove model webllm:custom:My tuned model');
});

test('the speed of a model that is here is tested, told, kept and taken into the estimate', async () => {
  const kept = { state: 'kept', bytes: 1 } as const;
  const { whetstone, session, row } = await opened([
    [SMOL, kept],
    ['webllm:qwen3-4b-f16', kept],
  ]);
  expect(row(QWEN).getByRole('button', { name: 'Test speed' }).elements()).toEqual([]);
  await row(SMOL).getByRole('button', { name: 'Test speed' }).click();
  await expect.element(row(SMOL).getByRole('button', { name: 'Stop test' })).toBeVisible();
  await expect.element(row(SMOL)).toHaveTextContent('Reads 312 and writes 42 tokens a second here');
  expect(whetstone.calls).toContain(`test speed ${SMOL}`);
  // Kept over a reload.
  expect(new Session(whetstone).speeds.of(SMOL)).toMatchObject({ read: 312.4, write: 41.6 });

  await row('webllm:qwen3-4b-f16').getByRole('button', { name: 'Test speed' }).click();
  await expect
    .element(row('webllm:qwen3-4b-f16').getByRole('alert'))
    .toHaveTextContent('The speed was not measured: It does not fit into the memory of the GPU.');
  expect(session.speeds.of('webllm:qwen3-4b-f16')).toBeNull();

  await row(SMOL).getByRole('button', { name: 'Test speed' }).click();
  await row(SMOL).getByRole('button', { name: 'Stop test' }).click();
  await expect.element(row(SMOL).getByRole('button', { name: 'Test speed' })).toBeVisible();
  expect(row(SMOL).getByRole('alert').elements()).toEqual([]);
});

test('before a run its time is reckoned by the speed test', async () => {
  const downloads = handDownloads([[SMOL, { state: 'kept', bytes: 1 }]]);
  const whetstone = standIn(() => handRun(), [], { models: manyModels, downloads });
  const session = new Session(whetstone);
  await session.begin();
  await session.setup.choose({ target: SMOL });
  await render(Setup, { session });
  const cost = page.getByTestId('cost');
  await expect.element(cost).toHaveTextContent(/optimizer calls in \d+ steps\.$/);
  await session.speeds.test(SMOL);
  await expect.element(cost).toHaveTextContent(/steps, roughly .* by the speed test\.$/);
});

test('two models that do not fit at once are told, and one can play both roles', async () => {
  const whetstone = standIn(() => handRun(), [], { models: manyModels, downloads: handDownloads() });
  const session = new Session(whetstone);
  await session.begin();
  await render(Setup, { session });
  const told = page.getByText(/Both models do not fit at once/);
  await expect.element(told).not.toBeInTheDocument();
  const optimizer = page.getByLabelText('Optimizer model');
  await optimizer.selectOptions(SMOL);
  await expect.element(told).toBeVisible();
  await page.getByRole('button', { name: 'Let one model play both roles' }).click();
  await expect.element(told).not.toBeInTheDocument();
  await expect.element(optimizer).toHaveDisplayValue('Same as target');
});
