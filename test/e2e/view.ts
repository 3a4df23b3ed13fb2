import type { Locator, Page } from 'playwright';

/** Made anew each time that a part of the page is drawn. */
const IDS = / (?:id|for|name|popovertarget|aria-(?:controls|labelledby|describedby))="[^"]*"|#[\w-]+/g;

/** As it stands, once it has not changed for a moment: parts are drawn one after the other. */
async function settled(part: Locator): Promise<string> {
  const read = async () => (await part.innerHTML()).replaceAll(IDS, '');
  for (let before = await read(); ;) {
    await part.page().waitForTimeout(250);
    const now = await read();
    if (now === before && !/Opening…|aria-busy="true"/.test(now)) return now;
    before = now;
  }
}

/**
 * Everything that the run view shows of a run that has ended, under each of its tabs, drawings included, and what the
 * inspector tells of a candidate and of a meta-prompt.
 */
export async function wholeView(page: Page): Promise<Record<string, string>> {
  const run = page.getByRole('region', { name: 'Run', exact: true });
  await run.getByRole('region', { name: 'Result' }).waitFor();
  const inspector = page.getByRole('complementary', { name: 'Inspector' });
  const shown: Record<string, string> = {};
  for (const list of ['Views of the run', 'What was tried']) {
    const tabs = run.getByRole('tablist', { name: list }).getByRole('tab');
    await tabs.first().waitFor();
    for (const tab of await tabs.all()) {
      await tab.click();
      const name = (await tab.innerText()).replace(/\d+$/, '').trim();
      shown[name] = await settled(run);
      const inspected = { Trajectory: /^c1\b/, 'Meta-prompts': /^Ask / }[name];
      if (inspected === undefined) continue;
      await run.getByRole('tabpanel').last().getByRole('button', { name: inspected }).first().click();
      shown[`${name}: inspected`] = await settled(inspector);
    }
  }
  return shown;
}
