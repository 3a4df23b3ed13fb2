import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../../scripts/setup.js';
import { open, type Opened } from './open.ts';

/** What the page is made of is listed on it, each part with its licence. */

let opened: Opened;
beforeAll(async () => {
  opened = await open({ webgpu: false });
});
afterAll(() => opened.close());

test('every package that the page is built with and every model is listed', async () => {
  const { dependencies } = v.parse(
    v.object({ dependencies: v.record(v.string(), v.string()) }),
    JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8')),
  );
  const page = await opened.newPage();
  await page.goto(`${opened.url}#privacy`);
  const parts = page.getByRole('list', { name: 'Parts and their licences' });
  await parts.waitFor();
  const shown = (await parts.getByRole('listitem').allInnerTexts()).map((text) => text.replace(/\s+/g, ' '));
  const all = [...Object.entries(dependencies), ['svelte', ''], ['workbox-precaching', '']];
  for (const [name = '', version = ''] of all)
    expect(shown.find((line) => line.startsWith(`${name} ${version}`) && line.includes(' · '))).toBeDefined();

  await parts.getByText('@wllama/wllama').click();
  await parts.getByText(/It contains llama\.cpp \(MIT\)/).waitFor();
  const text = parts.getByText(/Permission is hereby granted/).filter({ visible: true });
  await text.first().waitFor();
  await page
    .locator('summary')
    .filter({ hasText: /^Models/ })
    .click();
  const models = page.getByRole('list', { name: 'Models and their licences' });
  await models
    .getByText(/SmolLM2.*Apache-2\.0/)
    .first()
    .waitFor();
  expect(opened.left).toEqual([]);
  expect(opened.refused).toEqual([]);
  expect(opened.errors).toEqual([]);
});
