import { expect, test } from 'vitest';
import { Session } from '../../../src/ui/state/session.svelte.ts';
import { handRun, standIn } from '../stand-in.ts';

async function form() {
  const session = new Session(standIn(() => handRun()));
  await session.begin();
  return session;
}

test('a form that was put back to its defaults can be had again as it was', async () => {
  const { setup, bin } = await form();
  setup.edit({ initialPrompt: 'Weigh every word.', seed: 7 });
  setup.reset();
  expect(setup.config?.initialPrompt).not.toBe('Weigh every word.');
  expect(bin.thrown.map(({ words }) => words)).toEqual(['The form is back at its defaults.']);
  bin.takeBack('form');
  expect(setup.config).toMatchObject({ initialPrompt: 'Weigh every word.', seed: 7 });
});

test('what was typed for a task or a method can be had again with it', async () => {
  const { setup, bin } = await form();
  const { method } = setup.choices;
  setup.edit({ prompts: { improve: 'Write a better one.' } });
  await setup.choose({ method: 'opro' });
  expect(setup.config?.prompts).toEqual({});
  bin.takeBack('form');
  expect(setup.choices.method).toBe(method);
  expect(setup.edits.prompts).toEqual({ improve: 'Write a better one.' });
  await setup.choose({ target: 'another' });
  expect(bin.thrown).toEqual([]);
});
