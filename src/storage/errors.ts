/**
 * - `full`     the browser's quota or the disk is used up; what was written before is intact
 * - `blocked`  IndexedDB cannot be opened here; a memory store stands in
 * - `closed`   the connection is gone: the site's data were cleared, or the browser closed the database
 * - `superseded` a newer version of the page, in another tab, has taken the database over; all that was saved is there
 * - `conflict` the entry exists already: another tab writes the same run, or an import repeats an id
 * - `broken`   a record or file is not what this program writes
 * - `failed`   anything else that the browser reports
 */
export type StorageFault = 'full' | 'blocked' | 'closed' | 'superseded' | 'conflict' | 'broken' | 'failed';

/** `message` says what happened and where; `advice` what to do next. `id` names the record where there is one. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  constructor(
    readonly fault: StorageFault,
    message: string,
    readonly advice: string,
    readonly id: string | null = null,
  ) {
    super(message);
  }
}

const ADVICE: Record<StorageFault, string> = {
  full: 'Look under Library, Storage at what takes room: save a backup, delete old runs, models or kept replies. A run goes on in memory; export it when it ends.',
  blocked: 'Runs are kept in memory only: export them before you close this tab.',
  closed: 'Reload the page. What was saved before is still there unless the site data were cleared.',
  superseded: 'Reload this page to get that version: what was saved is there, and runs can be resumed.',
  conflict: 'It may be open in another tab: go on there, or close that tab and reload this one.',
  broken: 'It may be damaged or made by another version. It is left as it is; delete it if it is of no use.',
  failed: 'Reload the page. If it happens again, export the run and check the free space on the disk.',
};

const FAULTS: Record<string, StorageFault> = {
  QuotaExceededError: 'full',
  ConstraintError: 'conflict',
  InvalidStateError: 'closed',
};

/** Any failure of `doing` (e.g. `Saving the run`) as a StorageError; one that is so already stays as it is. */
export function storageError(doing: string, cause: unknown): StorageError {
  if (cause instanceof StorageError) return cause;
  const name = cause instanceof Error ? cause.name : '';
  const fault = FAULTS[name] ?? 'failed';
  const said = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  const why = {
    full: 'there is no space left',
    conflict: 'it exists already',
    closed: 'the database is closed',
  };
  const reason = fault === 'full' || fault === 'conflict' || fault === 'closed' ? why[fault] : said;
  return new StorageError(fault, `${doing} failed: ${reason}.`, ADVICE[fault]);
}

/** A record or file that is not what it should be; `problem` names the field. */
export function broken(what: string, problem: string, id: string | null = null): StorageError {
  return new StorageError('broken', `${what} cannot be read: ${problem}.`, ADVICE.broken, id);
}

/** IndexedDB could not be opened, so records will not outlive the tab. */
export function blocked(why: string, wayOut: string): StorageError {
  const advice = `${wayOut} ${ADVICE.blocked}`;
  return new StorageError('blocked', `Nothing can be saved in this browser: ${why}.`, advice);
}

/** The database closed under an open program. */
export function closed(why: string): StorageError {
  return new StorageError('closed', `Saving has stopped: ${why}.`, ADVICE.closed);
}

/** The database was given up to a newer version of the page. */
export function superseded(): StorageError {
  const why = 'a newer version of this page was opened in another tab';
  return new StorageError('superseded', `Saving has stopped: ${why}.`, ADVICE.superseded);
}
