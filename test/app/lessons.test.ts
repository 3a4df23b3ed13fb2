import { readdirSync, readFileSync } from 'node:fs';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { lessonsCheck } from '../../src/app/lessons.ts';
import { openedBundle } from '../../src/app/recordings.ts';
import { verdictOf } from '../../src/core/verdict.ts';
import { DEFAULT_MODEL } from '../../src/engines/models.ts';
import { loadMethod } from '../../src/app/methods.ts';
import { percent, points } from '../../src/ui/format.ts';
import { candidateOf, eventsUpTo } from '../../src/ui/marks.ts';
import { importRun } from '../../src/storage/transfer.ts';
import { LESSONS } from '../../scripts/lessons.js';
import { eventsOf } from '../optimizers/harness.ts';

const folder = new URL('../../public/lessons/', import.meta.url);
const lessons = v.parse(lessonsCheck, JSON.parse(readFileSync(new URL('lessons.json', folder), 'utf8')));
const bundleOf = (file: string) => new Blob([readFileSync(new URL(file, folder))]);
const opened = await Promise.all(lessons.map(({ file }) => openedBundle(bundleOf(file), loadMethod)));
const results = opened.map(({ events }) => eventsOf(events, 'tested')[0]?.result);

test('among them are a gain, a search that fails and a gain that vanishes', () => {
  expect(lessons.length).toBeGreaterThanOrEqual(5);
  expect(new Set(lessons.map(({ id }) => id)).size).toBe(lessons.length);
  const verdicts = results.map((result) => (result ? verdictOf(result) : null));
  expect(verdicts).toContain('better');
  // Nothing found, or worse than what it began with.
  expect(results.some((result) => result && result.best.score <= result.initial.score)).toBe(true);
  const vanished = results.filter((result, i) => {
    const found = eventsOf(opened[i]?.events ?? [], 'best');
    const gain = (found.at(-1)?.score ?? 0) - (found[0]?.score ?? 0);
    return result && gain >= 0.15 && result.best.score - result.initial.score <= gain / 4;
  });
  expect(vanished.length).toBeGreaterThanOrEqual(1);
});

test('every file in the folder belongs to a lesson, and its settings are known', () => {
  const files = readdirSync(folder).filter((name) => name !== 'lessons.json');
  expect(files.sort()).toEqual(lessons.map(({ file }) => file).sort());
  expect(Object.keys(LESSONS).sort()).toEqual(lessons.map(({ id }) => id).sort());
});

describe.each(lessons.map((lesson, i) => [lesson.id, lesson, i] as const))('%s', (id, lesson, i) => {
  test('is recorded with the small model and its settings, small, and plays to its end', async () => {
    const { record, events } = opened[i] ?? expect.fail('it did not open');
    expect(record).toEqual((await importRun(bundleOf(lesson.file))).record);
    expect(bundleOf(lesson.file).size).toBeLessThan(300_000);
    expect(record.status).toBe('finished');
    const { config, builds } = record;
    expect(config).toMatchObject({
      models: { target: DEFAULT_MODEL.id, optimizer: DEFAULT_MODEL.id },
      task: LESSONS[id]?.task,
      optimizer: LESSONS[id]?.method,
      options: LESSONS[id]?.options,
      ...LESSONS[id]?.settings,
    });
    expect(builds?.[0]?.target).toMatch(/^[0-9a-f]{64} llama\.cpp/);
    expect(events.at(-1)?.type).toBe('tested');
  });

  test('its guide names moments of the run, in their order', () => {
    const { events } = opened[i] ?? expect.fail('it did not open');
    expect(lesson.guide.length).toBeGreaterThanOrEqual(3);
    const places = lesson.guide.map(({ at }) => eventsUpTo(events, at) ?? -1);
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  test('what a line quotes of a prompt is of the one that it marks', () => {
    const { events } = opened[i] ?? expect.fail('it did not open');
    const prompts = new Map(
      eventsOf(events, 'proposed').map(({ candidate }) => [candidate.id, candidate.prompt]),
    );
    for (const { at, text } of lesson.guide) {
      const event = events[(eventsUpTo(events, at) ?? 0) - 1] ?? expect.fail('it marks nothing');
      const prompt = event.type === 'rejected' ? event.text : prompts.get(candidateOf(event) ?? '');
      if (prompt === undefined) continue;
      for (const [, quoted = ''] of text.matchAll(/“([^”]+)”/g)) expect(prompt).toContain(quoted);
    }
  });

  test('its percentages and points are those that the page shows', () => {
    const { events } = opened[i] ?? expect.fail('it did not open');
    const result = results[i] ?? expect.fail('it was not tested');
    const scores = [...eventsOf(events, 'scored'), result.initial, result.best];
    const shown = new Set(scores.map(({ score }) => percent(score)));
    const gain = points(result.best.score - result.initial.score);
    for (const text of [lesson.about, lesson.outcome, ...lesson.guide.map((line) => line.text)]) {
      for (const [said] of text.matchAll(/\d+ %/g)) expect(shown).toContain(said);
      for (const [said] of text.matchAll(/\d+ points?/g)) expect(gain).toBe(`+${said}`);
    }
  });

  test('what its texts quote stands in the run', () => {
    const { events, record } = opened[i] ?? expect.fail('it did not open');
    const said = JSON.stringify([events, record.task]).replaceAll('\\"', '"');
    for (const text of [lesson.about, lesson.outcome, ...lesson.guide.map((line) => line.text)])
      for (const [, quoted = ''] of text.matchAll(/“([^”]+)”/g))
        expect(said.includes(quoted), quoted).toBe(true);
  });
});
