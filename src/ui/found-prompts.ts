import type { RunSummary } from '../app/types.ts';

/** The best prompts of earlier runs, to be found again. */
export interface FoundPrompt {
  /** Runs that found this very prompt for this task, newest first. */
  runs: readonly RunSummary[];
  prompt: string;
  task: string;
  taskName: string;
  tags: readonly string[];
}

/** Tags by task and prompt (`tagKey`). */
export type Tags = Readonly<Record<string, readonly string[]>>;

export const tagKey = (task: string, prompt: string) => JSON.stringify([task, prompt]);

/** One entry a task and prompt, the newest run first; runs that found nothing have none. */
export function foundPrompts(runs: readonly RunSummary[], tags: Tags): FoundPrompt[] {
  const found = new Map<string, FoundPrompt & { runs: RunSummary[] }>();
  for (const run of runs.toSorted((a, b) => b.started - a.started)) {
    if (run.bestPrompt === null) continue;
    const key = tagKey(run.task, run.bestPrompt);
    const known = found.get(key);
    if (known) known.runs.push(run);
    else {
      const { task, taskName, bestPrompt: prompt } = run;
      found.set(key, { runs: [run], prompt, task, taskName, tags: tags[key] ?? [] });
    }
  }
  return [...found.values()];
}

const folded = (text: string) => text.normalize('NFC').toLowerCase();

/** Those that hold every word of `query` in their prompt, task or tags, in any order and case; `#word` looks in tags alone. */
export function matching(prompts: readonly FoundPrompt[], query: string): FoundPrompt[] {
  const words = folded(query).split(/\s+/).filter(Boolean);
  return prompts.filter(({ prompt, taskName, tags }) => {
    const text = folded([prompt, taskName, ...tags].join('\n'));
    return words.every((word) =>
      word.startsWith('#') ? tags.some((tag) => folded(tag).includes(word.slice(1))) : text.includes(word),
    );
  });
}

/** Tags as typed: separated by commas, without blanks around them, each once, at most twenty of 40 characters. */
export function readTags(text: string): string[] {
  const tags = text.split(',').map((tag) => tag.trim().replace(/^#/, '').replace(/\s+/g, ' ').slice(0, 40));
  return [...new Set(tags.filter((tag) => tag !== ''))].slice(0, 20);
}

export type PromptFormat = 'text' | 'json' | 'markdown';

/** All prompts as one file's text. In Markdown a prompt stands in a fence longer than any that it holds. */
export function promptsAs(format: PromptFormat, prompts: readonly FoundPrompt[]): string {
  switch (format) {
    case 'text':
      return prompts.map(({ prompt }) => `${prompt}\n`).join('\n---\n\n');
    case 'json':
      return `${JSON.stringify(
        prompts.map(({ prompt, task, tags, runs }) => ({
          prompt,
          task,
          tags,
          runs: runs.map(({ id, optimizer, target, started, bestScore, verdict }) => ({
            id,
            method: optimizer,
            target,
            started: new Date(started).toISOString(),
            score: bestScore,
            verdict,
          })),
        })),
        null,
        2,
      )}\n`;
    case 'markdown':
      return prompts.map(asMarkdown).join('\n');
  }
}

function asMarkdown({ prompt, taskName, tags, runs }: FoundPrompt): string {
  let longest = 2;
  for (const [ticks] of prompt.matchAll(/`+/g)) longest = Math.max(longest, ticks.length);
  const fence = '`'.repeat(longest + 1);
  const facts = runs.map(({ optimizer, bestScore, verdict }) =>
    [
      optimizer,
      bestScore === null ? '' : `${Math.round(bestScore * 100)} % in the search`,
      verdict === null ? '' : `${verdict} on unseen examples`,
    ]
      .filter(Boolean)
      .join(', '),
  );
  const labels = tags.length === 0 ? '' : `\nTags: ${tags.join(', ')}\n`;
  return `## ${taskName.replace(/[\\`*_[\]<>#|]/g, (sign) => `\\${sign}`)}\n\n${fence}text\n${prompt}\n${fence}\n\n${facts.map((fact) => `- ${fact}\n`).join('')}${labels}`;
}
