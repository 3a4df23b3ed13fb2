import type { Experiments } from './experiments.ts';
import type { Importer } from './import/importer.ts';
import type { ModelSpeed } from './model-speed.ts';
import type { TaskFile, TaskFormat } from './task-export.ts';
import type { Trial, Tried } from './try-out.ts';
import type { Usage } from '../core/budget.ts';
import type { RunEvent, Stage } from '../core/events.ts';
import type { Heard, LoadProgress, Report } from '../core/model.ts';
import type { Cost, Method } from '../core/optimizer.ts';
import type { RunConfig } from '../core/run.ts';
import type { MetaStyle, Rendering } from '../core/rendering.ts';
import type { Task } from '../core/task.ts';
import type { Counts } from '../storage/backup.ts';
import type { Restored } from '../storage/restore.ts';

/** What the page may ask of the program. The composition root (app/whetstone.ts) implements it. */

/** A model that a role can be given, wherever it runs. */
export interface ModelChoice {
  /** `runtime:name`, stable; kept in configurations and links. */
  id: string;
  runtime: 'webllm' | 'wllama' | 'openai';
  name: string;
  /** Bytes to download, 0 when nothing is; null when unknown. */
  downloadBytes: number | null;
  /** True where `downloadBytes` was reckoned, not read. */
  downloadEstimated: boolean;
  /** Bytes needed while it runs; null when unknown. */
  memoryBytes: number | null;
  contextTokens: number | null;
  licence: string;
  /** Bits of a stored weight; null when unknown. */
  bits: number | null;
  /** What the GPU computes with; null on the processor or a server, or when unknown. */
  precision: 'f16' | 'f32' | null;
  /** The one to begin with on this machine; true of one model at most. */
  recommended: boolean;
  /** Added by the user, who can remove it again. */
  added: boolean;
  /** False with the reason in `note` when it cannot run here. */
  usable: boolean;
  /** One plain sentence, may be empty: `Does not fit: it needs 1.9 GB, this GPU offers 1.0 GB.` */
  note: string;
  /** Small models are near chance when chatting; they are put to work by completion. */
  small: boolean;
  /** Asks worth having in flight at once. */
  parallel: number;
}

/** Where the files of a model are. Numbers are bytes; `total` is null while unknown. */
export type ModelFiles =
  | { state: 'absent' }
  | {
      state: 'downloading';
      loaded: number;
      total: number | null;
      /** Null until measured. */
      bytesPerSecond: number | null;
      leftMs: number | null;
    }
  /** Broken off by the user, a reload or the end of a run; it goes on from there. */
  | { state: 'paused'; loaded: number; total: number | null }
  | { state: 'failed'; loaded: number; total: number | null; message: string; advice: string }
  /** On this machine whole: the model loads without a network. */
  | { state: 'kept'; bytes: number };

/** The models' files in the browser's storage. A model on a server has none and is not spoken of. */
export interface Downloads {
  /** The state of every model by its id: at once where it is known, then at each change. Returns the way to stop listening. */
  watch(listener: (files: ReadonlyMap<string, ModelFiles>) => void): () => void;
  /** Looks again at what is there: a run or another tab may have fetched or deleted something. */
  refresh(): Promise<void>;
  /** Begins a download or goes on with it; resolves when it has ended, and `watch` says how. Never rejects. */
  start(id: string): Promise<void>;
  /** Resolves when what has arrived is put away. */
  pause(id: string): Promise<void>;
  /** Deletes what is there of the model's files. */
  remove(id: string): Promise<void>;
}

/** Sentence vectors of prompts, for the map of a run: the nearer two vectors, the more alike what the prompts say. */
export interface PromptVectors {
  /** Bytes that the embedding model loads when it is first used. */
  readonly downloadBytes: number;
  /** Same order; null where no earlier work and no opened recording knows one. Loads no model, never rejects. */
  known(texts: readonly string[]): Promise<(Float32Array | null)[]>;
  /** Same order, computed where they are not known, and kept. Rejects with EngineError. */
  embed(texts: readonly string[], report: Report, signal: AbortSignal): Promise<Float32Array[]>;
}

/** What this browser and machine can do, each lack with its way out. */
export interface Machine {
  webgpu:
    | { works: true; f16: boolean; adapter: string; maxBufferBytes: number }
    | { works: false; why: string; advice: string };
  isolated: boolean;
  threads: number;
  /** Whether a recorded run will still be there tomorrow. */
  storage:
    | {
        works: true;
        /** The browser promised not to clear it on its own. */
        persisted: boolean;
        usedBytes: number;
        quotaBytes: number;
        /** Of them runs, tasks and all else but model files; null where the browser does not say. */
        recordBytes: number | null;
      }
    | { works: false; why: string; advice: string };
}

export interface TaskSummary {
  id: string;
  name: string;
  description: string;
  examples: number;
  bundled: boolean;
}

export interface RunSummary {
  id: string;
  task: string;
  taskName: string;
  optimizer: string;
  /** Its budget lets it ask nothing in the search; absent otherwise. */
  testOnly?: true;
  target: string;
  /** Milliseconds since the epoch. */
  started: number;
  status: RunStatus;
  steps: number;
  bestScore: number | null;
  bestPrompt: string | null;
  verdict: 'better' | 'worse' | 'not shown' | null;
}

/** `interrupted`: the tab closed while it ran; it can go on. `failed`: an engine was lost; it can go on too. */
export type RunStatus = 'loading' | 'running' | 'paused' | 'stopped' | 'interrupted' | 'failed' | 'finished';

/** A recorded run, whole. */
export interface Recording {
  summary: RunSummary;
  config: RunConfig;
  /** As it was when the run began. */
  task: Task;
  /** All of them, unless there is a `whole`: then the beginning, which grows until that resolves. */
  events: readonly RunEvent[];
  /** Never rejects; false for a run that was interrupted, which is whole where its log ends. */
  whole?: Promise<boolean>;
}

/** A moment of a recorded run, found by what happened then: the `nth` such event, the first unless said. */
export interface Mark {
  event: RunEvent['type'];
  step?: number;
  candidate?: string;
  stage?: Stage;
  nth?: number;
}

/** A recorded run to learn from, with what to look at in it. */
export interface Lesson {
  id: string;
  title: string;
  /** What one learns from it, in a sentence. */
  about: string;
  /** Some words on what comes out of it; not told before it is opened. */
  outcome: string;
  /** In the order of the run. */
  guide: readonly { at: Mark; text: string }[];
}

/** What a branch does otherwise from its step on. */
export interface BranchChange {
  /** The first step with the new options; the run must have begun it. */
  step: number;
  options: RunConfig['options'];
  /** Edited templates; absent where they stay as they are. */
  prompts?: RunConfig['prompts'];
  /** Of the whole run, its beginning included. */
  budget: RunConfig['budget'];
}

/** What a live run tells the page beside its events. */
export type RunSignal =
  | { type: 'event'; event: RunEvent }
  | {
      type: 'loading';
      role: 'target' | 'optimizer' | 'embedder' | 'tuner';
      model: string;
      progress: LoadProgress;
    }
  | { type: 'status'; status: RunStatus }
  /** Step mode was turned on or off, or the run came to the end of a stage in it (`held`) or goes on. */
  | { type: 'stepping'; stepping: boolean; held: boolean }
  /** Before a run begins: the way to read answers is being checked, so many of the calls are done. */
  | { type: 'checking'; done: number; of: number }
  /** Something of the configuration was settled before the run began. */
  | { type: 'settled'; config: RunConfig }
  /** From measured speed; null while nothing is measured. `atLeast` while unsure. */
  | { type: 'left'; ms: number | null; atLeast: boolean }
  /** Shown at once: storage full or blocked, engine lost… The run goes on unless `status` says otherwise. */
  | { type: 'problem'; message: string; advice: string };

export interface Run {
  readonly id: string;
  /** As it is now: a check before the run may settle how answers are read. */
  readonly config: RunConfig;
  readonly task: Task;
  /** Every signal so far, then each new one as it comes; returns the way to stop listening. */
  subscribe(listener: (signal: RunSignal) => void): () => void;
  pause(): void;
  /** Goes on after a pause. */
  proceed(): void;
  /**
   * Step mode: the run holds at the end of the present stage, and of each later one. While it holds no model is asked,
   * and the time counts towards no budget. Held already, it goes on to the end of the next stage.
   */
  next(): void;
  /** Leaves step mode, and goes on if the run was held. */
  play(): void;
  /** Ends at the next moment; what was done is kept and the run can be resumed. */
  stop(): Promise<void>;
  /** Ends the search now and runs the final test with the best prompt so far. */
  finish(): void;
  readonly usage: Usage;
  /** Present where another tab works on the run and this one looks on: the controls work there. */
  readonly watched?: Watched;
}

/** Where a run that was watched goes on in this tab: as it was asked, or because the other tab is gone. */
export interface Taken {
  run: Run;
  why: 'asked' | 'gone';
}

/** A run of another tab. */
export interface Watched {
  /** Asks the other tab to let go of the run; it goes on here as soon as that has. */
  takeOver(): void;
  /** Null when the run ended there, or was left. Never rejects. */
  readonly taken: Promise<Taken | null>;
  /** Looks on no longer; the run goes on there. Idempotent. */
  leave(): void;
}

export interface Whetstone {
  machine(): Promise<Machine>;
  models(): Promise<ModelChoice[]>;
  /** Adds a model by its address, after a look at what is there. Rejects with a plain reason. */
  addModel(model: CustomModel): Promise<ModelChoice>;
  /** Forgets a model that the user added, and deletes its files. */
  removeModel(id: string): Promise<void>;
  readonly downloads: Downloads;
  readonly vectors: PromptVectors;
  /**
   * Every method that can be chosen, in the order to show them; the first is the default. Their options and templates
   * are not there yet: they are most of what there is to say, and come with `described`.
   */
  methods(): readonly Method[];
  /** The same, whole. */
  described(): Promise<readonly Method[]>;
  /** One of them, whole. Rejects where there is none of this id. */
  method(id: string): Promise<Method>;
  /** The tasks that come with the program, which are known at once; the first is the default. */
  readonly bundled: readonly TaskSummary[];
  /** Those, and the imported ones. */
  tasks(): Promise<TaskSummary[]>;
  task(id: string): Promise<Task>;
  /** Text of a task file; rejects with TaskError naming the field of the example. Nothing is stored halfway. */
  importTask(text: string): Promise<TaskSummary>;
  /** An import of files in other formats, step by step, in a worker. */
  importer(): Importer;
  /** The task as files, ready to be saved. */
  exportTask(id: string, format: TaskFormat): Promise<TaskFile[]>;
  deleteTask(id: string): Promise<void>;
  /** Sensible settings for a task, models and a method; says which rendering it chose and why. */
  defaults(choice: { task: string; target: string; optimizer: string; method: string }): Promise<{
    config: RunConfig;
    /** Why the defaults are what they are, a sentence each. */
    why: string[];
    /** Why target and optimizer may not fit into memory together; empty where nothing is known against it. */
    crowded: string;
  }>;
  /** Upper bound of the work a configuration asks for, before it starts. */
  cost(config: RunConfig): Promise<Cost>;
  /** How many words a new prompt may change, step by step; empty for methods without such a schedule. */
  stepSizes(config: RunConfig, task: Task): Promise<readonly (number | null)[]>;
  start(config: RunConfig): Promise<Run>;
  /** Goes on with a run; one that another tab works on is watched from here. */
  resume(id: string): Promise<Run>;
  /** All events of a recorded run, recomputed from its log without any model. */
  replay(id: string): AsyncIterable<RunEvent>;
  /** A stored run with its events; of one that was interrupted, as far as it came. */
  recording(id: string): Promise<Recording>;
  /**
   * Opens a run bundle and keeps it among the runs, whole or not at all. A run that is here already is opened as it is.
   * Rejects with the place that is wrong.
   */
  openBundle(file: Blob): Promise<Recording>;
  /** Recorded runs that come with the page. */
  lessons(): Promise<Lesson[]>;
  /** Opens a lesson's run without keeping it. */
  openLesson(id: string): Promise<Recording>;
  /** A new run that is the run `id` up to a step and goes on from there; the first part of its log is copied. */
  branch(id: string, change: BranchChange): Promise<Run>;
  /** Many runs as one; fetched when it is first asked for. */
  experiments(): Promise<Experiments>;
  runs(): Promise<RunSummary[]>;
  deleteRun(id: string): Promise<void>;
  /**
   * One input answered by a model under a prompt, as a run would ask it; the model is loaded when it is not. Rejects
   * with EngineError: also while a run with other models goes on, which must stay loaded.
   */
  tryOut(
    target: string,
    trial: Trial,
    signals: { loading: Report; heard: Heard },
    signal: AbortSignal,
  ): Promise<Tried>;
  /**
   * Loads the model where it is not, and measures how fast it reads and writes, in some seconds. Rejects with EngineError:
   * also while a run goes on in this tab, since both would slow each other down.
   */
  testSpeed(model: string, loading: Report, signal: AbortSignal): Promise<ModelSpeed>;
  /** The user's tags of found prompts, by a key of the page's choice. */
  promptTags(): Promise<Record<string, readonly string[]>>;
  /** Sets the tags of one, none to take them away, and gives those of all as they are now. */
  tagPrompt(key: string, tags: readonly string[]): Promise<Record<string, readonly string[]>>;
  /** Replies of earlier runs that later ones may use again: how many, and about how many bytes. */
  keptReplies(): Promise<{ count: number; bytes: number }>;
  clearReplies(): Promise<void>;
  /** Configuration, task and every effect as one file (docs/bundle.md). */
  exportRun(id: string): Promise<Blob>;
  /** Asks the browser to keep what is stored here until the user deletes it; then how storage stands. */
  keepStorage(): Promise<Machine['storage']>;
  /** Hears of what happens to the storage while the page is open; returns the way to stop listening. */
  onStorageProblem(listener: (problem: { message: string; advice: string }) => void): () => void;
  /**
   * Everything but model files and kept replies as one file (docs/backup.md). `problems` are records that cannot be
   * read and are not in it. `told` hears of each run.
   */
  backup(
    told: (done: number, of: number) => void,
  ): Promise<{ file: Blob; counts: Counts; problems: readonly string[] }>;
  /** Brings back all of a backup or nothing, beside what is here. Rejects with the place that is wrong. */
  restore(file: Blob, told: (share: number) => void): Promise<Restored>;
}

export type CustomModel =
  | { kind: 'webllm'; name: string; weightsUrl: string; libraryUrl: string }
  /** One GGUF file, for llama.cpp on the processor. */
  | { kind: 'gguf'; name: string; url: string }
  | {
      kind: 'openai';
      baseUrl: string;
      model: string;
      parallel: number;
      apiKey: string;
      beyondThisMachine: boolean;
    };

export type { Counts, MetaStyle, Rendering, Restored };
