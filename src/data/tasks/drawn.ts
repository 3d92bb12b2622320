/** The interface of a task that draws its own pictures, with axes of difficulty. */
import { z } from "zod";
import type { Random } from "../../common/random.ts";
import type { Drawing } from "../drawing/drawing.ts";
import type { Concept, Question } from "../example.ts";

/** What a task drew: the picture, what is asked about it, and concept words where the task has any. */
export interface Drawn {
  readonly drawing: Drawing;
  /** At least one; each records its difficulty, one entry for every axis of the task. */
  readonly questions: readonly Omit<Question, "task">[];
  readonly concepts?: readonly Concept[];
}

/**
 * A task that draws its own pictures; one file (or folder) each, one line in the registry. `Options` are its axes of
 * difficulty, see `axis`.
 */
export interface DrawnTask<Options = unknown> {
  /** One line for people. */
  readonly description: string;
  /** Wordings with places `{...}`; words and marks are separated by spaces. The plainest comes first. */
  readonly wordings: readonly string[];
  /** The axes with their defaults. Every task has `size`, the side of the canvas in pixels. */
  readonly options: z.ZodType<Options>;
  /** Pure: the same chances give the same picture. Balanced over the values of every axis and over the answers. */
  make(random: Random, options: Options): Drawn;
  /** Every word of an answer, or that fills a place in a wording. */
  words(options: Options): readonly string[];
  /** The frozen test set of `--preset benchmark`. A change of its bytes needs a new version. */
  readonly benchmark: Benchmark;
}

export interface Benchmark {
  readonly version: number;
  readonly count: number;
  /** Options of item `index` of `count`, not yet with defaults: this is where a set is stratified. */
  strata(index: number): Readonly<Record<string, unknown>>;
}

/**
 * An axis of difficulty: a list of values that items draw from uniformly. A single value stands for a list of one.
 * `axis(z.int().min(2), [2, 3, 4])` reads `3` as `[3]`.
 */
export function axis<T extends z.ZodType>(value: T, values: readonly z.output<T>[]) {
  return (
    z
      .union([z.array(value).min(1), value.transform((one) => [one])])
      // zod types a default by the schema's input, which it cannot know of a schema that is given.
      .default([...values] as never)
      .transform((given) => given as z.output<T>[])
  );
}

/** Types `make` by the options' schema; the registry then knows all tasks alike: `defineDrawnTask({ options: z.strictObject({...}), make(random, { size }) ... })`. */
export function defineDrawnTask<S extends z.ZodType>(
  task: Omit<DrawnTask<z.output<S>>, "options"> & { readonly options: S },
): DrawnTask {
  return task;
}
