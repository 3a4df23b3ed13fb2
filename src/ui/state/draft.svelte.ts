import type { ModelChoice } from '../../app/types.ts';
import type { Experiments } from '../../app/experiments.ts';
import { searchCount, type Design, type Factor, type Level, type Pool } from '../../core/experiment.ts';
import type { Method, OptionValue } from '../../core/optimizer.ts';
import type { MetaStyle } from '../../core/rendering.ts';
import type { RunConfig } from '../../core/run.ts';

type Preset = Experiments['presets'][number];

/** What each search gets unless the user says otherwise: some twenty steps of a method with few candidates. */
const EACH: Readonly<Record<Pool['unit'], number>> = { minutes: 20, tokens: 200_000 };

/** The optimizer model is the target itself. */
export const ITSELF = '';

/** What an own grid can vary besides a method's options. */
export const OTHERS = {
  method: 'Method',
  'initial prompt': 'Initial prompt',
  target: 'Target model',
  optimizer: 'Optimizer model',
} as const;
export type Other = keyof typeof OTHERS;

/** Something that an own grid varies: an option of the method or one of the others. */
export interface Varied {
  what: { option: string } | { other: Other };
  /** Names of the values that are in; the text typed where values are typed. */
  values: readonly string[];
  text: string;
}

export interface Surroundings {
  methods: readonly Method[];
  models: readonly ModelChoice[];
}

/** The form of a new experiment: a preset or an own grid, and what it is run on. */
export class Draft {
  /** Null: an own grid. */
  preset: Preset | null = $state.raw(null);
  name = $state('My experiment');
  method = $state('');
  options: Readonly<Record<string, OptionValue>> = $state.raw({});
  varied: readonly Varied[] = $state.raw([]);
  /** Levels of a preset that are left out. */
  leftOut: readonly string[] = $state.raw([]);
  /** Models for a preset's places, the smallest first. */
  places: readonly string[] = $state.raw([]);
  tasks: readonly string[] = $state.raw([]);
  target = $state('');
  optimizer: string = $state(ITSELF);
  repeats = $state(3);
  unit: Pool['unit'] = $state('tokens');
  /** As the user typed it; null: as suits the number of searches. */
  typedTotal: number | null = $state(null);
  equal = $state(true);
  /** As the user chose it; null: as the smallest of the optimizer models needs. */
  chosenStyle: MetaStyle | null = $state(null);
  limits: RunConfig['limits'] = $state.raw({});
  carriedTasks: readonly string[] = $state.raw([]);
  carriedTargets: readonly string[] = $state.raw([]);
  readonly #around: () => Surroundings;

  constructor(around: () => Surroundings, first: { task: string; target: string; method: string }) {
    this.#around = around;
    this.tasks = first.task === '' ? [] : [first.task];
    this.target = first.target;
    this.method = first.method;
  }

  choose(preset: Preset | null): void {
    this.preset = preset;
    this.leftOut = [];
    this.equal = true;
    this.countIn(preset?.unit ?? 'tokens');
    const usable = this.#usable();
    this.places = (preset?.optimizers ?? []).map((_, i, all) => {
      const at = all.length < 2 ? 0 : Math.round((i * (usable.length - 1)) / (all.length - 1));
      return usable[at]?.id ?? '';
    });
    this.carriedTargets = preset?.carries ? [this.target] : [];
    if (!preset?.carries) this.carriedTasks = [];
  }

  countIn(unit: Pool['unit']): void {
    if (unit === this.unit) return;
    this.unit = unit;
    this.typedTotal = null;
  }

  /** Of all searches. */
  get total(): number {
    return this.typedTotal ?? EACH[this.unit] * Math.max(1, searchCount(this.#grid));
  }

  /**
   * How all optimizer models are asked where there are several, so that their size alone differs: a small one never closes
   * a tag, and every model can continue a list. Null where there is one, which is asked as suits it.
   */
  get style(): MetaStyle | null {
    const varied = this.#factors.flatMap(({ levels }) =>
      levels.flatMap(({ change }) => change.optimizer ?? []),
    );
    if (varied.every((id) => id === varied[0])) return null;
    const small = this.#around().models.some(({ id, small }) => small && varied.includes(id));
    return this.chosenStyle ?? (small ? 'continuation' : 'chat');
  }

  /** Models that run here, the smallest first. */
  #usable(): ModelChoice[] {
    const size = (model: ModelChoice) => model.memoryBytes ?? model.downloadBytes ?? Infinity;
    return this.#around()
      .models.filter(({ usable }) => usable)
      .toSorted((a, b) => size(a) - size(b));
  }

  get #method(): Method | undefined {
    return this.#around().methods.find(({ id }) => id === this.method);
  }

  setMethod(id: string): void {
    this.method = id;
    this.options = {};
    this.varied = this.varied.filter(({ what }) => 'other' in what);
  }

  /** Begins to vary something: all values of a choice, the default of a number. */
  vary(what: Varied['what']): void {
    const option = 'option' in what ? this.#method?.options[what.option] : undefined;
    const levels = this.levelsOf({ what, values: [], text: '' });
    const text = option?.kind === 'number' ? String(option.default) : '';
    const values =
      'other' in what ? levels.slice(0, 2).map(({ name }) => name) : levels.map(({ name }) => name);
    this.varied = [...this.varied, { what, values, text }];
  }
  change(at: number, part: Partial<Varied>): void {
    this.varied = this.varied.map((one, i) => (i === at ? { ...one, ...part } : one));
  }
  drop(at: number): void {
    this.varied = this.varied.filter((_, i) => i !== at);
  }

  labelOf({ what }: Varied): string {
    return 'other' in what ? OTHERS[what.other] : (this.#method?.options[what.option]?.label ?? what.option);
  }

  /** Whether its values are typed, and how; null where they are ticked. */
  typedAs({ what }: Varied): 'numbers' | 'prompts' | null {
    if ('other' in what) return what.other === 'initial prompt' ? 'prompts' : null;
    return this.#method?.options[what.option]?.kind === 'number' ? 'numbers' : null;
  }

  /** Every level that it can have; where values are typed, those that are. */
  levelsOf({ what, text }: Varied): Level[] {
    const { methods } = this.#around();
    if ('option' in what) {
      const option = this.#method?.options[what.option];
      if (option === undefined) return [];
      const level = (name: string, value: OptionValue): Level => ({
        name,
        change: { options: { [what.option]: value } },
      });
      if (option.kind === 'switch')
        return [level(`${option.label}: no`, false), level(`${option.label}: yes`, true)];
      if (option.kind === 'choice')
        return Object.entries(option.choices).map(([value, words]) => level(words, value));
      return numbersIn(text).map((value) => level(`${option.label} ${value}`, value));
    }
    switch (what.other) {
      case 'method':
        return methods.map(({ id, name }) => ({ name, change: { method: id } }));
      case 'initial prompt':
        return [{ name: 'the task’s own', change: {} }, ...promptsIn(text)];
      case 'target':
      case 'optimizer':
        return this.#usable().map(({ id, name }) => ({ name, change: { [what.other]: id } }));
    }
  }

  /** The levels that are in. Where methods are varied too, an option is that of the chosen method. */
  #chosen(one: Varied): Level[] {
    const levels = this.levelsOf(one);
    const chosen =
      this.typedAs(one) === null ? levels.filter(({ name }) => one.values.includes(name)) : levels;
    if ('other' in one.what || !this.varied.some(isMethod)) return chosen;
    return chosen.map(({ name, change }) => ({ name, change: { ...change, of: this.method } }));
  }

  get #factors(): Factor[] {
    const { preset } = this;
    if (preset === null)
      return [
        // A method brings its own options, so it comes before what changes them.
        ...this.varied.toSorted((a, b) => Number(isMethod(b)) - Number(isMethod(a))),
      ].map((one) => ({ name: this.labelOf(one), levels: this.#chosen(one) }));
    const own = preset.factors.map(({ name, levels }) => ({
      name,
      levels: levels.filter((level) => !this.leftOut.includes(level.name)),
    }));
    if (preset.optimizers === undefined) return own;
    const { models } = this.#around();
    const levels = this.places.flatMap((id, i): Level[] => {
      const model = models.find((one) => one.id === id);
      if (model === undefined || this.places.indexOf(id) !== i) return [];
      return [{ name: `${preset.optimizers?.[i] ?? ''}: ${model.name}`, change: { optimizer: id } }];
    });
    return [...own, { name: 'Optimizer model', levels }];
  }

  /** What is searched. */
  get #grid() {
    const { preset } = this;
    return {
      method: preset?.method ?? this.method,
      options: preset?.options ?? this.options,
      factors: this.#factors,
      tasks: this.tasks,
      target: this.target,
      optimizer: this.optimizer,
      seeds: Array.from({ length: this.repeats }, (_, i) => i + 1),
    };
  }

  get design(): Design {
    const { preset, style } = this;
    return {
      name: preset?.name ?? this.name.trim(),
      question: preset?.question ?? '',
      preset: preset?.id ?? null,
      ...this.#grid,
      ...(style !== null && { metaStyle: style }),
      pool: { unit: this.unit, total: this.total, spare: this.equal ? 'leave' : 'share' },
      limits: Object.keys(this.limits).length === 0 ? null : this.limits,
      carry:
        preset?.carries && this.carriedTasks.length > 0 && this.carriedTargets.length > 0
          ? { tasks: this.carriedTasks, targets: this.carriedTargets }
          : null,
    };
  }

  /** Why the design cannot be run that only the form knows; null when it can. */
  get hindrance(): string | null {
    const { preset } = this;
    if (preset === null && this.name.trim() === '') return 'Give the experiment a name.';
    if (preset?.carries && (this.carriedTasks.length === 0 || this.carriedTargets.length === 0))
      return 'Choose at least one task and one target to carry the prompts to.';
    return null;
  }
}

const isMethod = ({ what }: Varied) => 'other' in what && what.other === 'method';

/** A level for each line that holds a prompt, the names told apart where their beginnings are the same. */
function promptsIn(text: string): Level[] {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const begins = lines.map((line) =>
    line === '-' ? 'empty' : line.length > 40 ? `${line.slice(0, 40)}…` : line,
  );
  return lines.map((line, i) => {
    const begin = begins[i] ?? '';
    const same = begins.slice(0, i).filter((one) => one === begin).length;
    return {
      name: same === 0 ? begin : `${begin} (${same + 1})`,
      change: { initialPrompt: line === '-' ? '' : line },
    };
  });
}

/** The numbers in a text like `3, 7 15`, each once. */
export function numbersIn(text: string): number[] {
  const numbers = text
    .split(/[\s,;]+/)
    .filter((word) => word !== '')
    .map(Number);
  return numbers.filter((number, i) => Number.isFinite(number) && numbers.indexOf(number) === i);
}
