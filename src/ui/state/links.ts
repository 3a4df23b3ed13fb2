import { optionProblem } from '../../app/recordings.ts';
import {
  ANOTHER,
  fingerprint,
  readLink,
  sharedSetup,
  writeLink,
  type SharedSetup,
} from '../../app/setup-link.ts';
import type { Session } from './session.svelte.ts';
import { SAME } from './setup.svelte.ts';

/** Between the form and the address of the page. Loaded when the first link is read or written. */

/** What stands before a set-up in the address. */
export const LINK_PREFIX = '#run=';

/** Imported tasks whose examples are compared with those of a link, at most: each is read whole. */
const TASKS_COMPARED = 20;

/** The address's part for what the form says; null while something is not chosen, and where it is too long for one. */
export async function linkOf(session: Session): Promise<string | null> {
  const { setup } = session;
  const { config, task } = setup;
  if (config === null || task === null) return null;
  await session.describe();
  const shared = await sharedSetup(config, task, {
    bundled: session.tasks.find(({ id }) => id === config.task)?.bundled ?? false,
    addedModels: session.models.filter(({ added }) => added).map(({ id }) => id),
    templates: session.methods.find(({ id }) => id === config.optimizer)?.prompts ?? {},
  });
  const link = await writeLink(shared);
  return link === null ? null : LINK_PREFIX + link;
}

/** Fills the form from such a part. Returns what could not be taken over, a sentence each; never throws. */
export async function applyLink(session: Session, hash: string): Promise<string[]> {
  const { setup: shared, notes } = await readLink(hash.slice(LINK_PREFIX.length));
  if (shared === null) return notes;
  const { setup } = session;
  await session.describe();
  const method = session.methods.find(({ id }) => id === shared.method);
  if (shared.method !== undefined && method === undefined)
    notes.push(`This version has no method called “${shortened(shared.method)}”.`);
  const task = await taskFor(session, shared, notes);
  const target = modelFor(session, shared.target, 'target', notes);
  const optimizer =
    shared.optimizer === shared.target ? SAME : modelFor(session, shared.optimizer, 'optimizer', notes);
  await setup.choose({
    ...(task !== null && { task }),
    ...(target !== null && { target }),
    ...(optimizer !== null && { optimizer }),
    ...(method !== undefined && { method: method.id }),
  });

  const options: Record<string, boolean | number | string> = {};
  for (const [name, value] of Object.entries(method === undefined ? {} : (shared.options ?? {}))) {
    const problem = method === undefined ? null : optionProblem(method, { [name]: value });
    if (problem === null) options[name] = value;
    else notes.push(`An option was left as it was: ${problem}.`);
  }
  const known = Object.entries(shared.prompts ?? {}).filter(
    ([name]) => method !== undefined && Object.hasOwn(method.prompts, name),
  );
  setup.edit({
    options,
    prompts: Object.fromEntries(known),
    rendering: shared.rendering ?? {},
    limits: shared.limits ?? null,
    budget: shared.budget ?? null,
    seed: shared.seed ?? null,
    initialPrompt: shared.initialPrompt ?? null,
    metaStyle: shared.metaStyle ?? null,
    robustness: shared.robustness ?? null,
    racing: shared.racing ?? false,
    freshReplies: shared.freshReplies ?? false,
    checkReading: shared.checkReading ?? null,
  });
  return notes;
}

/** The id of the link's task here, or null with a note. */
async function taskFor(
  session: Session,
  { task, examples }: Partial<SharedSetup>,
  notes: string[],
): Promise<string | null> {
  if (task === undefined) return null;
  const same = async (id: string) => {
    const found = await session.whetstone.task(id).catch(() => null);
    return found !== null && (await fingerprint(found)) === examples;
  };
  if (task !== null) {
    if (!session.tasks.some(({ id }) => id === task)) {
      notes.push(`There is no task called “${shortened(task)}” here.`);
      return null;
    }
    if (!(await same(task)))
      notes.push('The examples of this task are not the ones that the link was made with.');
    return task;
  }
  for (const { id } of session.tasks.filter(({ bundled }) => !bundled).slice(0, TASKS_COMPARED))
    if (await same(id)) return id;
  notes.push(
    'The link was made for an imported task, whose examples are not in it. Import that task here, then open the link again.',
  );
  return null;
}

function modelFor(
  session: Session,
  id: string | null | undefined,
  role: string,
  notes: string[],
): string | null {
  if (id === undefined) return null;
  const model = session.models.find((one) => one.id === id);
  if (model?.usable) return model.id;
  notes.push(
    id === null || id === ANOTHER
      ? `The ${role} model was added by whoever made the link: choose yours.`
      : model === undefined
        ? `The ${role} model ${shortened(id)} is not known here: choose another.`
        : `The ${role} model ${model.name} cannot run here: choose another. ${model.note}`,
  );
  return null;
}

const shortened = (text: string) => (text.length > 60 ? `${text.slice(0, 60)}…` : text);
