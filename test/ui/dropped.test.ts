import { describe, expect, test } from 'vitest';
import {
  droppedFiles,
  type Dropped,
  type Entry,
  type FileEntry,
  type FolderEntry,
} from '../../src/ui/state/dropped.ts';

/**
 * Objects with the interface of the browser's entries, for what no disk of a test has: portions, many files, a reader
 * that fails. The real entries of Chromium are driven in import.browser.test.ts.
 */

type Tree = { [name: string]: Tree | string };

function entryOf(path: string, name: string, node: Tree | string, portion: number): Entry {
  const fullPath = `${path}/${name}`;
  if (typeof node === 'string') {
    const entry: FileEntry = {
      isFile: true,
      isDirectory: false,
      name,
      fullPath,
      file: (found, failed) =>
        node === 'gone'
          ? failed(new DOMException('A file was not found.', 'NotFoundError'))
          : found(new File([node], name)),
    };
    return entry;
  }
  const folder: FolderEntry = {
    isFile: false,
    isDirectory: true,
    name,
    fullPath,
    createReader() {
      const left = Object.entries(node).map(([child, one]) => entryOf(fullPath, child, one, portion));
      return { readEntries: (found) => found(left.splice(0, portion)) };
    },
  };
  return folder;
}

function transferOf(tree: Tree, portion = 100): Dropped {
  const items = Object.entries(tree).map(([name, node]) => ({
    webkitGetAsEntry: () => entryOf('', name, node, portion),
  }));
  const files = Object.entries(tree).flatMap(([name, node]) =>
    typeof node === 'string' ? [Object.assign(new File([node], name), { webkitRelativePath: '' })] : [],
  );
  return { items, files };
}

const paths = async (tree: Tree, portion?: number) =>
  (await droppedFiles(transferOf(tree, portion))).map(({ path }) => path);

describe('entries as the browser hands them over', () => {
  test('folders are read to their ends, in portions, each file with its path', async () => {
    const many = Object.fromEntries(Array.from({ length: 7 }, (_, i) => [`part-${i}.csv`, 'a,b']));
    expect(await paths({ data: { ...many, deep: { er: { 'test.jsonl': '{}' } } } }, 3)).toEqual([
      ...Array.from({ length: 7 }, (_, i) => `data/part-${i}.csv`),
      'data/deep/er/test.jsonl',
    ]);
  });

  test('what cannot be a table and what is hidden is passed over', async () => {
    const tree = { data: { 'notes.md': 'x', '.hidden.csv': 'x', '.git': { 'a.csv': 'x' }, 'B.TSV': 'x' } };
    expect(await paths(tree)).toEqual(['data/B.TSV']);
    expect(await paths({ data: { 'photo.png': 'x' } })).toEqual([]);
  });

  test('files beside a folder come too; loose files alone come whatever their names', async () => {
    expect(await paths({ 'a.csv': 'x', data: { 'b.csv': 'y' } })).toEqual(['a.csv', 'data/b.csv']);
    expect(await paths({ 'a.csv': 'x', 'b.dat': 'y' })).toEqual(['a.csv', 'b.dat']);
  });

  test('no more than 200 files', async () => {
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`${i}.csv`, 'x']));
    expect(await paths({ data: many })).toHaveLength(200);
  });

  test('a file that is gone when it is read makes the drop fail', async () => {
    await expect(paths({ data: { 'a.csv': 'gone' } })).rejects.toThrow('not found');
  });
});
