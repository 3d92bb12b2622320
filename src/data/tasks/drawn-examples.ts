import { mustBe } from "../../common/errors.ts";
import { random } from "../../common/random.ts";
import type { Split } from "../assets/load.ts";
import type { Drawing } from "../drawing/drawing.ts";
import { paint } from "../drawing/paint.ts";
import type { Example } from "../example.ts";
import type { DrawnTask } from "./drawn.ts";
import { type DrawnTaskName, drawnTasks } from "./drawn-registry.ts";

/** An example with the drawing that its image was painted from. */
export interface DrawnExample extends Example {
  readonly drawing: Drawing;
}

/** Options of a task with its defaults; a UserError names the option that is wrong. */
export function drawnOptions(task: DrawnTaskName, given: unknown): unknown {
  const checked = (drawnTasks[task] as DrawnTask).options.safeParse(given ?? {});
  if (checked.success) return checked.data;
  const [{ path, message }] = checked.error.issues;
  const got = path.reduce((value: unknown, key) => (value as Record<PropertyKey, unknown>)?.[key], given);
  throw mustBe(task, path.join(".") || "options", "as its axes allow", got, message);
}

/** A function that draws example `index` of stream `seed`: pure, the same for every caller and order. */
export function drawnExampleMaker(
  name: DrawnTaskName,
  given: unknown = {},
  split: Split = "train",
): (seed: number | string, index: number) => DrawnExample {
  const options = drawnOptions(name, given);
  return (seed, index) => drawExample(name, options, [split, seed, index], `${split}-${padded(index)}`);
}

/** Item `index` of the task's frozen benchmark; see {@link DrawnTask.benchmark}. */
export function benchmarkExample(name: DrawnTaskName, index: number): DrawnExample {
  const { benchmark }: DrawnTask = drawnTasks[name];
  const options = drawnOptions(name, benchmark.strata(index));
  return drawExample(name, options, ["benchmark", benchmark.version, index], padded(index));
}

function drawExample(
  name: DrawnTaskName,
  options: unknown,
  seeds: readonly (number | string)[],
  id: string,
): DrawnExample {
  const task: DrawnTask = drawnTasks[name];
  const { drawing, questions, concepts = [] } = task.make(random(name, ...seeds), options);
  return {
    id,
    image: paint(drawing),
    drawing,
    questions: questions.map((question) => ({ task: name, ...question })),
    concepts,
  };
}

function padded(index: number): string {
  return String(index).padStart(6, "0");
}

/** Every word of a task's questions and answers. */
export function drawnWords(name: DrawnTaskName, given: unknown = {}): string[] {
  const task: DrawnTask = drawnTasks[name];
  const fixed = task.wordings[0].replaceAll(/\{\w+\}/g, " ").split(/\s+/);
  const words = [...fixed, ...task.words(drawnOptions(name, given)).flatMap((text) => text.split(" "))];
  return [...new Set(words.filter((word) => word !== ""))].sort();
}
