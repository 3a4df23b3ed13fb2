import type { MetaStyle, Rendering, Whetstone } from '../../app/types.ts';
import type { Budget } from '../../core/budget.ts';
import { isBinary } from '../../core/binary.ts';
import type { Cost, Method, OptionValue } from '../../core/optimizer.ts';
import { defaultRacing, type Racing } from '../../core/race-options.ts';
import type { RobustnessConfig } from '../../core/robustness.ts';
import type { RunConfig } from '../../core/run.ts';
import type { Task } from '../../core/task.ts';
import type { Bin } from './bin.svelte.ts';
import { problemOf, type Problem } from './problem.ts';

/** The optimizer role is played by the target model. */
export const SAME = 'same';

/** What the user changed; everything else follows the defaults of the chosen task, models and method. */
interface Edits {
  options: Readonly<Record<string, OptionValue>>;
  prompts: Readonly<Record<string, string>>;
  rendering: Partial<Rendering>;
  limits: RunConfig['limits'] | null;
  budget: Budget | null;
  seed: number | null;
  initialPrompt: string | null;
  metaStyle: MetaStyle | null;
  robustness: RobustnessConfig | null;
  /** True: the usual race. */
  racing: boolean | Racing;
  freshReplies: boolean;
  /** Null: unless the way to read answers was chosen by hand. */
  checkReading: boolean | null;
}

const untouched: Edits = {
  options: {},
  prompts: {},
  rendering: {},
  limits: null,
  budget: null,
  seed: null,
  initialPrompt: null,
  metaStyle: null,
  robustness: null,
  racing: false,
  freshReplies: false,
  checkReading: null,
};

interface Choices {
  task: string;
  target: string;
  optimizer: string;
  method: string;
}

/** The form before a run: four choices, what they imply, and what the user changed of that. */
export class SetupState {
  /** The first task and method, until others are chosen; no model before this machine was looked at. */
  choices: Choices = $state.raw({ task: '', target: '', optimizer: SAME, method: '' });
  edits: Edits = $state.raw(untouched);
  base: RunConfig | null = $state.raw(null);
  /** Why the defaults are what they are, a sentence each. */
  why: readonly string[] = $state.raw([]);
  /** Why the two models may not fit into memory together; empty where they do. */
  crowded = $state('');
  task: Task | null = $state.raw(null);
  /** The chosen method with its options and templates. */
  method: Method | null = $state.raw(null);
  cost: Cost | null = $state.raw(null);
  problem: Problem | null = $state.raw(null);
  /** True when the form no longer stands as the page filled it in. */
  touched = $state(false);
  readonly #whetstone: Whetstone;
  readonly #bin: Bin;
  #round = 0;
  #costRound = 0;

  constructor(whetstone: Whetstone, bin: Bin) {
    this.#whetstone = whetstone;
    this.#bin = bin;
    const task = whetstone.bundled[0]?.id ?? '';
    const method = whetstone.methods()[0]?.id ?? '';
    this.choices = { ...this.choices, task, method };
  }

  /** The configuration that Start would use; null while something is not chosen. */
  get config(): RunConfig | null {
    const { base, edits } = this;
    if (!base) return null;
    const { paraphrases, shuffles } = edits.robustness ?? { paraphrases: 0, shuffles: 0 };
    const { reading, ...rest } = base;
    const rendering = { ...base.rendering, ...edits.rendering };
    const checked = edits.checkReading ?? edits.rendering.read === undefined;
    const binary = this.task === null || isBinary(this.task.metric);
    return {
      ...rest,
      options: { ...base.options, ...edits.options },
      prompts: { ...base.prompts, ...edits.prompts },
      rendering,
      limits: edits.limits ?? base.limits,
      budget: edits.budget ?? base.budget,
      seed: edits.seed ?? base.seed,
      initialPrompt: edits.initialPrompt ?? base.initialPrompt,
      metaStyle: edits.metaStyle ?? base.metaStyle,
      ...(reading !== undefined && checked && rendering.read === 'choose' ? { reading } : {}),
      ...(edits.racing === true ? { racing: { ...defaultRacing, test: binary ? 'sign' : 't' } } : {}),
      ...(typeof edits.racing === 'object' ? { racing: edits.racing } : {}),
      ...(edits.freshReplies ? { freshReplies: true } : {}),
      ...(paraphrases + shuffles > 0 ? { robustness: { paraphrases, shuffles } } : {}),
    };
  }

  /** Takes new choices; edits that belong to what was replaced are dropped. */
  async choose(part: Partial<Choices>): Promise<void> {
    const before = this.choices;
    if (this.base !== null) this.touched = true;
    const choices = { ...before, ...part };
    const otherTask = choices.task !== before.task;
    const otherMethod = choices.method !== before.method;
    const otherModel = choices.target !== before.target;
    const { initialPrompt, prompts } = this.edits;
    if (otherTask && initialPrompt !== null)
      this.#dropping('The initial prompt that you typed went with the task.');
    if (otherMethod && Object.keys(prompts).length > 0)
      this.#dropping('The templates that you edited went with the method.');
    this.choices = choices;
    this.edits = {
      ...this.edits,
      ...(otherTask ? { initialPrompt: null, limits: null } : {}),
      ...(otherMethod ? { options: {}, prompts: {} } : {}),
      ...(otherTask || otherModel ? { rendering: {}, metaStyle: null, checkReading: null } : {}),
    };
    await this.refresh();
  }

  /** Asks for the defaults again, for instance when a model was added. */
  async refresh(): Promise<void> {
    const round = (this.#round += 1);
    const { task, target, method } = this.choices;
    const optimizer = this.choices.optimizer === SAME ? target : this.choices.optimizer;
    const whetstone = this.#whetstone;
    try {
      const [whole, described, defaults] = await Promise.all([
        whetstone.task(task),
        whetstone.method(method),
        target === '' ? null : whetstone.defaults({ task, target, optimizer, method }),
      ]);
      if (round !== this.#round) return;
      this.task = whole;
      this.method = described;
      this.base = defaults?.config ?? null;
      this.why = defaults?.why ?? [];
      this.crowded = defaults?.crowded ?? '';
      this.problem = null;
      await this.#price();
    } catch (thrown) {
      if (round === this.#round) this.problem = problemOf(thrown, 'These choices do not go together');
    }
  }

  edit(part: Partial<Edits>): void {
    this.touched = true;
    this.edits = { ...this.edits, ...part };
    void this.#price();
  }

  option(name: string, value: OptionValue): void {
    this.edit({ options: { ...this.edits.options, [name]: value } });
  }

  reset(): void {
    this.#dropping('The form is back at its defaults.');
    this.edit(untouched);
  }

  /** The form as it stands can be had again for a while. */
  #dropping(words: string): void {
    const { choices, edits } = this;
    const back = () => {
      this.choices = choices;
      this.edits = edits;
      void this.refresh();
    };
    this.#bin.throw({ key: 'form', words }, { back });
  }

  get edited(): boolean {
    return JSON.stringify(this.edits) !== JSON.stringify(untouched);
  }

  async #price(): Promise<void> {
    const round = (this.#costRound += 1);
    const { config } = this;
    if (!config) return;
    try {
      const cost = await this.#whetstone.cost(config);
      if (round === this.#costRound) this.cost = cost;
    } catch {
      // A half-typed number has no cost; Start says what is wrong with it.
      if (round === this.#costRound) this.cost = null;
    }
  }
}
