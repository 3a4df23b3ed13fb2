import { expect, test, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import '../../src/ui/theme.css';
import Library from '../../src/ui/panels/library/Library.svelte';
import { splitAgain } from '../../src/ui/task-edit.ts';
import { Session } from '../../src/ui/state/session.svelte.ts';
import type { RunSummary } from '../../src/app/types.ts';
import { standIn, summary } from './stand-in.ts';

const left = vi.fn();
const thirds = { train: 1, validation: 1, test: 1 };

async function shown(runs: RunSummary[] = []) {
  const whetstone = standIn(() => {
    throw new Error('no run is started here');
  }, runs);
  const session = new Session(whetstone);
  await session.begin();
  await render(Library, { session, leave: left });
  return { whetstone, session };
}

test('prompts found are searched, tagged, and exported as they are listed', async () => {
  const saved: Blob[] = [];
  const made = vi.spyOn(URL, 'createObjectURL').mockImplementation((blob) => {
    if (blob instanceof Blob) saved.push(blob);
    return 'blob:nothing';
  });
  const link = vi.spyOn(HTMLAnchorElement.prototype, 'click').mockReturnValue();
  const { whetstone } = await shown([
    summary({ id: 'run-1', bestPrompt: 'Weigh <b>every</b> word' }),
    summary({ id: 'run-2', bestPrompt: 'Decide quickly' }),
  ]);
  await page.getByRole('tab', { name: 'Prompts found' }).click();
  const region = page.getByRole('region', { name: 'Prompts found' });
  expect(region.getByRole('listitem').elements()).toHaveLength(2);
  await expect.element(region.getByText('Weigh <b>every</b> word')).toBeVisible();

  await region.getByLabelText('Tags').first().fill('for class, short');
  await page.getByRole('heading', { name: 'Library' }).click();
  await expect
    .poll(async () => Object.values(await whetstone.promptTags()))
    .toEqual([['for class', 'short']]);
  await region.getByLabelText('Search').fill('#class');
  await expect.poll(() => region.getByRole('listitem').elements()).toHaveLength(1);

  await region.getByLabelText('Export as').selectOptions('JSON');
  await region.getByRole('button', { name: 'Export' }).click();
  const [file] = saved;
  expect(JSON.parse((await file?.text()) ?? '')).toMatchObject([{ tags: ['for class', 'short'] }]);
  made.mockRestore();
  link.mockRestore();
});

test('examples of a bundled task are edited in place; what is saved is a copy', async () => {
  const { whetstone } = await shown();
  await page.getByRole('tab', { name: /Tasks/ }).click();
  await page.getByRole('button', { name: 'Edit' }).first().click();
  const save = page.getByRole('button', { name: 'Save a copy' });
  await expect.element(save).toBeDisabled();

  const input = page.getByLabelText(/^Input of/).first();
  await input.fill('A film of <script>words</script>');
  await page.getByRole('button', { name: 'Add an example' }).click();
  await expect.element(page.getByText(/Not to be saved yet: .* has no input/)).toBeVisible();
  await expect.element(save).toBeDisabled();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect.element(save).toBeEnabled();

  await page.getByText('Split again').click();
  await page.getByRole('button', { name: 'Draw the splits' }).click();
  await save.click();
  await expect.poll(() => whetstone.calls.some((call) => /^import .*my-copy$/.test(call))).toBe(true);
  await expect.element(page.getByRole('region', { name: 'Tasks' })).toBeVisible();
});

test('changes of a task outlast its panel, and can be taken back when they were discarded', async () => {
  const { session } = await shown();
  await page.getByRole('tab', { name: /Tasks/ }).click();
  await page.getByRole('button', { name: 'Edit' }).first().click();
  const input = page.getByLabelText(/^Input of/).first();
  await input.fill('Typed by hand');
  await page.getByRole('tab', { name: /Runs/ }).click();
  await page.getByRole('tab', { name: /Tasks/ }).click();
  await expect.element(input).toHaveValue('Typed by hand');

  await page.getByRole('button', { name: 'Discard' }).click();
  await expect.element(page.getByRole('region', { name: 'Tasks' })).toBeVisible();
  session.bin.takeBack(session.bin.thrown[0]?.key ?? '');
  await expect.element(input).toHaveValue('Typed by hand');
});

test('the keyboard goes on in the next row when one is deleted', async () => {
  await shown([summary({ id: 'run-1' }), summary({ id: 'run-2', started: 1 })]);
  const remove = page.getByRole('button', { name: 'Delete' });
  for (const left of [1, 0]) {
    remove.first().element().focus();
    await userEvent.keyboard('{Enter}');
    await expect.poll(() => remove.elements()).toHaveLength(left);
    const at = left > 0 ? remove.first() : page.getByRole('region', { name: 'Runs' });
    expect(document.activeElement).toBe(at.element());
  }
});

test('a search without a hit says so, and a task is imported where the tasks are', async () => {
  await shown([summary()]);
  await page.getByRole('tab', { name: 'Prompts found' }).click();
  await page.getByLabelText('Search').fill('#nothing-of-the-kind');
  await expect.element(page.getByText(/No prompt holds these words/)).toBeVisible();
  await page.getByRole('tab', { name: /Tasks/ }).click();
  await page.getByRole('button', { name: 'Import a task' }).click();
  await expect.element(page.getByRole('dialog', { name: /Import/ })).toBeVisible();
});

test('a task of the user’s own is deleted until that is taken back', async () => {
  const { whetstone, session } = await shown();
  const own = await session.whetstone.task(session.tasks[0]?.id ?? '');
  expect(await session.saveTask({ ...splitAgain(own, thirds, 1), id: 'my-own', name: 'My own' })).toBe(
    'my-own',
  );
  expect(session.problems).toEqual([]);
  await page.getByRole('tab', { name: /Tasks/ }).click();
  await page
    .getByRole('group', { name: 'Actions for My own' })
    .getByRole('button', { name: 'Delete' })
    .click();
  await expect.poll(() => page.getByText('My own').elements()).toHaveLength(0);
  const [thrown] = session.bin.thrown;
  expect(thrown?.words).toBe('The task My own is deleted.');
  session.bin.takeBack(thrown?.key ?? '');
  await expect.element(page.getByText('My own')).toBeVisible();
  expect(whetstone.calls).not.toContain('delete task my-own');

  await page
    .getByRole('group', { name: 'Actions for My own' })
    .getByRole('button', { name: 'Delete' })
    .click();
  await session.bin.erase('task my-own');
  expect(whetstone.calls).toContain('delete task my-own');
});

test.each([360, 1280])('nothing of the library scrolls sideways at %i px', async (width) => {
  await page.viewport(width, 900);
  await shown([summary(), summary({ id: 'run-2', bestPrompt: 'long'.repeat(200) })]);
  for (const tab of [/Runs/, /Prompts/, /Tasks/, /Models/]) {
    await page.getByRole('tab', { name: tab }).click();
    expect(document.documentElement.scrollWidth).toBeLessThanOrEqual(width);
  }
  await page.getByRole('tab', { name: /Tasks/ }).click();
  await page.getByRole('button', { name: 'Edit' }).first().click();
  await expect.element(page.getByRole('region', { name: /^Edit/ })).toBeVisible();
  expect(document.documentElement.scrollWidth).toBeLessThanOrEqual(width);
});
