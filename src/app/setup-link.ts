import * as v from 'valibot';
import type { RunConfig } from '../core/run.ts';
import type { Task } from '../core/task.ts';
import { configCheck } from '../storage/checks.ts';
import { splitHashes } from '../storage/split-hashes.ts';

/**
 * A set-up as text for the address of the page: `#run=1.` and deflated JSON in base64url. Nothing personal is in it: no
 * address or name of a model that the user added, nothing of an imported task, and an initial prompt only where it was
 * written for this run.
 */

export interface SharedSetup {
  /** Null: an imported task, which the receiver has to import too. */
  task: string | null;
  /** The beginning of a hash of the task's examples, so that the receiver can tell whether theirs are the same. */
  examples: string;
  method: string;
  options: RunConfig['options'];
  /** Templates that were edited. */
  prompts: RunConfig['prompts'];
  /** Null: the task's own. */
  initialPrompt: string | null;
  /** Null: a model that the user added. */
  target: string | null;
  /** The same; `ANOTHER` where both were added and it is not the target. */
  optimizer: string | null;
  rendering: RunConfig['rendering'];
  metaStyle: RunConfig['metaStyle'];
  budget: Omit<RunConfig['budget'], 'endAt'>;
  limits: RunConfig['limits'];
  seed: number;
  racing: NonNullable<RunConfig['racing']> | null;
  freshReplies: boolean;
  /** Whether `choose` is checked against decoding first. */
  checkReading: boolean;
  robustness: NonNullable<RunConfig['robustness']> | null;
}

export const LINK_VERSION = 1;

/** In place of the id of a model that the user added beside an added target. */
export const ANOTHER = 'another added model';

/** Characters of a link, and bytes that it may unpack to: far more than a set-up has whose prompts are not whole books. */
const MOST_CHARACTERS = 20_000;
const MOST_BYTES = 400_000;

const whole = (least: number, most: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));
const few = (least: number, most: number) => v.exactOptional(whole(least, most));
const text = v.string();
const { rendering, metaStyle, racing, robustness, options } = configCheck.entries;

/** Each part of a link by its short name, checked by itself: what cannot be read leaves the others as they are. */
const PARTS: {
  readonly [K in keyof SharedSetup]: readonly [string, v.GenericSchema<unknown, SharedSetup[K]>];
} = {
  task: ['t', v.nullable(text)],
  examples: ['e', v.pipe(v.string(), v.regex(/^[0-9a-f]{0,16}$/))],
  method: ['m', text],
  options: ['o', options],
  prompts: ['p', v.record(v.string(), text)],
  initialPrompt: ['i', v.nullable(text)],
  target: ['a', v.nullable(text)],
  optimizer: ['b', v.nullable(text)],
  rendering: [
    'r',
    v.pipe(
      rendering,
      v.check(({ maxTokens }) => v.is(whole(1, 100_000), maxTokens)),
    ),
  ],
  metaStyle: ['s', metaStyle],
  budget: [
    'g',
    v.strictObject({
      steps: few(1, 10_000),
      targetCalls: few(1, 10_000_000),
      tokens: few(1, 1_000_000_000),
      minutes: v.exactOptional(v.pipe(v.number(), v.gtValue(0), v.maxValue(100_000))),
    }),
  ],
  limits: [
    'l',
    v.strictObject({ train: few(1, 100_000), validation: few(1, 100_000), test: few(1, 100_000) }),
  ],
  seed: ['d', whole(0, 4_294_967_295)],
  racing: ['c', v.nullable(v.unwrap(racing))],
  freshReplies: ['f', v.boolean()],
  checkReading: ['k', v.boolean()],
  robustness: ['u', v.nullable(v.unwrap(robustness))],
};

const NAMES: Record<keyof SharedSetup, string> = {
  task: 'the task',
  examples: 'the hash of the examples',
  method: 'the method',
  options: 'the options',
  prompts: 'the edited templates',
  initialPrompt: 'the initial prompt',
  target: 'the target model',
  optimizer: 'the optimizer model',
  rendering: 'how the target is asked',
  metaStyle: 'how the optimizer is asked',
  budget: 'the budget',
  limits: 'the numbers of examples',
  seed: 'the seed',
  racing: 'racing',
  freshReplies: 'the use of earlier replies',
  checkReading: 'the check of how answers are read',
  robustness: 'the robustness check',
};

/** What of a configuration may leave this machine. `own` says what the receiver will have too. */
export async function sharedSetup(
  config: RunConfig,
  task: Task,
  own: { bundled: boolean; addedModels: readonly string[]; templates: Readonly<Record<string, string>> },
): Promise<SharedSetup> {
  const model = (id: string) => (own.addedModels.includes(id) || id.startsWith('openai:') ? null : id);
  const { endAt: _, ...budget } = config.budget;
  const [target, optimizer] = [model(config.models.target), model(config.models.optimizer)];
  const apart = config.models.target !== config.models.optimizer;
  return {
    task: own.bundled ? config.task : null,
    examples: await fingerprint(task),
    method: config.optimizer,
    options: config.options,
    prompts: Object.fromEntries(
      Object.entries(config.prompts).filter(([name, said]) => said !== own.templates[name]),
    ),
    initialPrompt: config.initialPrompt === task.initialPrompt ? null : config.initialPrompt,
    target,
    optimizer: apart && target === null && optimizer === null ? ANOTHER : optimizer,
    rendering: config.rendering,
    metaStyle: config.metaStyle,
    budget,
    limits: config.limits,
    seed: config.seed,
    racing: config.racing ?? null,
    freshReplies: config.freshReplies ?? false,
    checkReading: config.reading !== undefined,
    robustness: config.robustness ?? null,
  };
}

/** Sixteen hexadecimal digits of the examples, the same for the same task on every machine. */
export async function fingerprint(task: Pick<Task, 'splits'>): Promise<string> {
  const { train, validation, test } = await splitHashes(task);
  return (train.slice(0, 6) + validation.slice(0, 5) + test.slice(0, 5)).toLowerCase();
}

/** The part of an address behind `#run=`; null for a set-up that is too long for one. */
export async function writeLink(setup: SharedSetup): Promise<string | null> {
  const short = Object.fromEntries(keys().map((key) => [PARTS[key][0], setup[key]]));
  const json = new Blob([JSON.stringify(short)]);
  if (json.size > MOST_BYTES) return null;
  const stream = json.stream().pipeThrough(new CompressionStream('deflate-raw'));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  const link = `${LINK_VERSION}.${btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')}`;
  return link.length > MOST_CHARACTERS ? null : link;
}

/**
 * Reads such a part. Never throws: `setup` is null for text that is no link, and lacks the parts that cannot be used;
 * `notes` are plain sentences about what was left out.
 */
export async function readLink(
  link: string,
): Promise<{ setup: Partial<SharedSetup> | null; notes: string[] }> {
  const nothing = (note: string) => ({ setup: null, notes: [note] });
  const [, version, packed] = /^(\d{1,6})\.([\w-]*)$/.exec(link) ?? [];
  if (version === undefined || packed === undefined)
    return nothing('The address holds no set-up that can be read. Ask for the link again.');
  if (link.length > MOST_CHARACTERS) return nothing('The set-up in the address is too long to be one.');
  const json = await unpacked(packed).catch(() => null);
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    return nothing('The set-up in the address is cut short or damaged. Ask for the link again.');

  const notes: string[] = [];
  if (Number(version) > LINK_VERSION)
    notes.push('The link was made by a newer version of this page; what this one knows of it is used.');
  const given = new Map<string, unknown>(Object.entries(json));
  const setup: Partial<SharedSetup> = {};
  const lost: string[] = [];
  for (const key of keys()) {
    const [short] = PARTS[key];
    if (!given.has(short)) continue;
    if (!take(setup, key, given.get(short))) lost.push(NAMES[key]);
    given.delete(short);
  }
  if (lost.length > 0) notes.push(`Not understood and left as it was: ${lost.join(', ')}.`);
  if (given.size > 0)
    notes.push(`The link also holds ${given.size === 1 ? 'a part' : `${given.size} parts`} unknown here.`);
  return { setup, notes };
}

const isPart = (key: string): key is keyof SharedSetup => Object.hasOwn(PARTS, key);
const keys = () => Object.keys(PARTS).filter(isPart);

function take<K extends keyof SharedSetup>(setup: Partial<SharedSetup>, key: K, value: unknown): boolean {
  const schema: v.GenericSchema<unknown, SharedSetup[K]> = PARTS[key][1];
  const result = v.safeParse(schema, value);
  if (result.success) setup[key] = result.output;
  return result.success;
}

async function unpacked(packed: string): Promise<unknown> {
  const bytes = Uint8Array.from(atob(packed.replaceAll('-', '+').replaceAll('_', '/')), (char) =>
    char.charCodeAt(0),
  );
  let count = 0;
  const counted = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      if ((count += chunk.byteLength) > MOST_BYTES) controller.error(new RangeError('too long'));
      else controller.enqueue(chunk);
    },
  });
  const stream = new Blob([bytes])
    .stream()
    .pipeThrough(new DecompressionStream('deflate-raw'))
    .pipeThrough(counted);
  return JSON.parse(await new Response(stream).text());
}
