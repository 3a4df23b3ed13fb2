import type { Page } from 'playwright';
import { DEFAULT_MODEL } from '../../src/engines/models.ts';

/** The form, filled in as a user would. */

/** Imports the text of a task file. */
export async function importTask(page: Page, text: string): Promise<void> {
  await page.getByRole('button', { name: 'Import a task' }).click();
  await page.getByLabel(/^Or paste/).fill(text);
  await page.getByRole('button', { name: 'Read the text' }).click();
  await page.getByRole('button', { name: 'Import', exact: true }).click();
}

/** A run that is short, with the small model in both roles. */
export interface ShortRun {
  /** Its name. */
  task: string;
  method: string;
  steps: number;
  candidates: number;
}

export async function chooseRun(page: Page, { task, method, steps, candidates }: ShortRun): Promise<void> {
  const form = page.getByRole('form', { name: 'Set-up' });
  await form.getByLabel('Task', { exact: true }).selectOption({ label: task });
  await form.getByLabel('Target model').selectOption(DEFAULT_MODEL.id);
  await form.getByLabel('Method', { exact: true }).selectOption({ label: method });
  await form.getByLabel('Candidates a step').fill(String(candidates));
  await form
    .getByRole('group', { name: /Budget/ })
    .getByLabel('Steps')
    .fill(String(steps));
}

/** Has each run ask the model itself, whatever earlier ones asked. */
export async function askAnew(page: Page): Promise<void> {
  const form = page.getByRole('form', { name: 'Set-up' });
  await form.getByText('Cost of the evaluation').click();
  await form.getByLabel('Use replies of earlier runs').uncheck();
}
