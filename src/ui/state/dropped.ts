import type { SourceFile } from '../../app/import/protocol.ts';

/** Files from a drop, a file field or a folder field, each with its path inside what was given. */

/** A folder may hold anything; only these are read from it. */
const READABLE = /\.(?:csv|tsv|tab|psv|txt|json|jsonl|ndjson)$/i;
const MOST_FILES = 200;

export const accepted = '.csv,.tsv,.tab,.txt,.json,.jsonl,.ndjson';

/** What of a drop is read: a DataTransfer is one. */
export interface Dropped {
  readonly items: Iterable<{ webkitGetAsEntry(): Entry | null }>;
  readonly files: Iterable<File>;
}
export interface Entry {
  readonly name: string;
  readonly fullPath: string;
  readonly isFile: boolean;
  readonly isDirectory: boolean;
}
export interface FileEntry extends Entry {
  file(found: (file: File) => void, failed: (error: DOMException) => void): void;
}
export interface FolderEntry extends Entry {
  createReader(): {
    readEntries(found: (entries: Entry[]) => void, failed: (error: DOMException) => void): void;
  };
}

/** What a file field holds; with `webkitdirectory`, what can be read in the folder. */
export function chosenFiles(list: Iterable<File>): SourceFile[] {
  return [...list]
    .map((content) => ({ path: content.webkitRelativePath || content.name, content }))
    .filter(({ path }) => !path.includes('/') || READABLE.test(path))
    .slice(0, MOST_FILES);
}

/** What was dropped, folders included. Must be called in the event itself: its items are gone afterwards. */
export async function droppedFiles(transfer: Dropped): Promise<SourceFile[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry());
  const loose = chosenFiles(transfer.files);
  if (!entries.some((entry) => entry?.isDirectory)) return loose;
  const found: SourceFile[] = [];
  for (const entry of entries) if (entry !== null) await collect(entry, found);
  return found;
}

async function collect(entry: Entry, found: SourceFile[]): Promise<void> {
  if (found.length >= MOST_FILES || entry.name.startsWith('.')) return;
  if (isFile(entry)) {
    if (!READABLE.test(entry.name)) return;
    const content = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
    found.push({ path: entry.fullPath.replace(/^\//, ''), content });
  } else if (isFolder(entry)) {
    const reader = entry.createReader();
    // The browser hands over a folder's entries in portions, and an empty one at the end.
    for (;;) {
      const some = await new Promise<Entry[]>((resolve, reject) => reader.readEntries(resolve, reject));
      if (some.length === 0) return;
      for (const each of some) await collect(each, found);
    }
  }
}

const isFile = (entry: Entry): entry is FileEntry => entry.isFile;
const isFolder = (entry: Entry): entry is FolderEntry => entry.isDirectory;
