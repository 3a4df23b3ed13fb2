import * as v from 'valibot';
import { EngineError } from '../core/model.ts';
import type { Lesson, Mark } from './types.ts';

/** The lessons that lie beside the page: `lessons.json` lists them, each with the bundle of its run. */

const FOLDER = 'lessons/';
const AGAIN = 'Reload the page. Everything else works without the lessons.';

type Check<T> = v.GenericSchema<unknown, T>;

const whole = v.pipe(v.number(), v.integer(), v.minValue(0));

const mark: Check<Mark> = v.strictObject({
  event: v.picklist([
    'step',
    'stage',
    'retrieved',
    'step-size',
    'asked',
    'replied',
    'proposed',
    'rejected',
    'answered',
    'scored',
    'eliminated',
    'current',
    'best',
    'note',
    'budget',
    'searched',
    'tested',
    'robustness',
  ]),
  step: v.exactOptional(whole),
  candidate: v.exactOptional(v.string()),
  stage: v.exactOptional(
    v.picklist([
      'evaluate',
      'retrieve',
      'reflect',
      'summarize',
      'propose',
      'select',
      'tune',
      'test',
      'robustness',
    ]),
  ),
  nth: v.exactOptional(v.pipe(whole, v.minValue(1))),
});

/** As in `lessons.json`; `file` is the bundle's name in the same folder. */
export const lessonsCheck = v.array(
  v.strictObject({
    id: v.pipe(v.string(), v.regex(/^[a-z0-9-]+$/)),
    file: v.pipe(v.string(), v.regex(/^[a-z0-9-]+\.bundle$/)),
    title: v.string(),
    about: v.string(),
    outcome: v.string(),
    guide: v.array(v.strictObject({ at: mark, text: v.string() })),
  }),
);

type Listed = v.InferOutput<typeof lessonsCheck>[number];

let list: Promise<Listed[]> | null = null;

async function listed(): Promise<Listed[]> {
  const result = v.safeParse(lessonsCheck, await (await fetched('lessons.json')).json().catch(() => null));
  if (result.success) return result.output;
  throw new EngineError('integrity', 'The list of lessons cannot be read.', AGAIN);
}

/** Fetched once; a list that did not arrive is asked for again. */
function known(): Promise<Listed[]> {
  list ??= listed().catch((error: unknown) => {
    list = null;
    throw error;
  });
  return list;
}

export async function listedLessons(): Promise<Lesson[]> {
  return (await known()).map(({ file: _, ...lesson }) => lesson);
}

/** The bundle of a lesson's run. */
export async function lessonFile(id: string): Promise<Blob> {
  const lesson = (await known()).find((one) => one.id === id);
  if (lesson === undefined)
    throw new EngineError('unavailable', `There is no lesson called ${id}.`, 'Choose another lesson.');
  return (await fetched(lesson.file)).blob();
}

async function fetched(name: string): Promise<Response> {
  const address = new URL(FOLDER + name, new URL(import.meta.env.BASE_URL, location.href));
  const response = await fetch(address).catch(() => null);
  if (response?.ok) return response;
  throw new EngineError('unavailable', `${FOLDER}${name} did not arrive.`, AGAIN);
}
