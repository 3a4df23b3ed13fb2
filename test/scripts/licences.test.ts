import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FILE, licencePlugins, licensed, packageOf } from '../../scripts/licences.js';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'whetstone-licences-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A package of one file, with its licence as package.json has it. */
function add(name: string, licence: string | undefined, code: string, text?: string) {
  const folder = join(root, 'node_modules', name);
  mkdirSync(folder, { recursive: true });
  const told = { name, version: '1.2.3', type: 'module', main: 'index.js', license: licence };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(told));
  writeFileSync(join(folder, 'index.js'), code);
  if (text !== undefined) writeFileSync(join(folder, 'LICENSE'), text);
}

/** The list that comes with a page that imports `first`, or the message with which the build fails. */
async function listed(): Promise<{
  packages: { name: string; licence: string; text: number | null }[];
  texts: string[];
}> {
  writeFileSync(join(root, 'page.js'), "import { one } from 'first'; console.log(one);");
  const { page } = licencePlugins([]);
  const output = await build({
    root,
    configFile: false,
    logLevel: 'silent',
    plugins: [page],
    build: { write: false, rolldownOptions: { input: join(root, 'page.js') } },
  });
  const parts = [output].flat().flatMap((one) => ('output' in one ? one.output : []));
  const list = parts.find(({ fileName }) => fileName === FILE);
  return JSON.parse(list?.type === 'asset' ? String(list.source) : 'null');
}

describe('the list of licences', () => {
  test('has what is in the bundle, what that imports too, and nothing else', async () => {
    add(
      'first',
      'MIT',
      "import { two } from '@far/second'; export const one = Math.random() + two;",
      'All is allowed.',
    );
    add('@far/second', 'ISC', 'export const two = Math.random();', 'All is allowed.');
    add('never', 'MIT', 'export const two = 2;');
    const { packages, texts } = await listed();
    const ours = packages.filter(({ name }) => !['vite', 'rolldown'].includes(name));
    expect(ours.map(({ name, licence, text }) => [name, licence, text])).toEqual([
      ['@far/second', 'ISC', 0],
      ['first', 'MIT', 0],
    ]);
    expect(texts).toEqual(['All is allowed.']);
  });

  test.each([
    ['Weird-1.0', /second \(Weird-1\.0\)/],
    [undefined, /second \(none\)/],
    ['SEE LICENSE IN README', /second \(SEE LICENSE/],
    ['(MIT OR GPL-3.0)', /second \(\(MIT OR/],
  ])('does not come about, nor the page, with the licence %s', async (licence, message) => {
    add('first', 'MIT', "import { one as o } from 'second'; export const one = o;");
    add('second', licence, 'export const one = Math.random();');
    await expect(listed()).rejects.toThrow(message);
  });
});

test('modules are told apart by their packages, those of build tools too', () => {
  expect(packageOf('/nowhere/node_modules/none/index.js')).toBeNull();
  expect(packageOf(`${root}/src/main.ts`)).toBeNull();
  expect(packageOf('\0vite/preload-helper.js')).toMatch(/node_modules\/vite$/);
  const jinja = packageOf(join(process.cwd(), 'node_modules/@huggingface/jinja/dist/index.js?url'));
  expect(jinja).not.toBeNull();
  expect(licensed(jinja ?? '')).toMatchObject({ name: '@huggingface/jinja', licence: 'MIT' });
});
