import { z } from "zod";
import { mustBe } from "../../common/errors.ts";
import { random } from "../../common/random.ts";
import type { Split } from "../assets/load.ts";
import type { Drawing } from "../drawing/drawing.ts";
import { paint } from "../drawing/paint.ts";
import type { Example } from "../example.ts";
import { sixDigits } from "../numbering.ts";
import type { DrawnTask } from "./drawn.ts";
import { type DrawnTaskName, drawnTasks } from "./drawn-registry.ts";

/** An example with the drawing that its image was painted from. */
export interface DrawnExample extends Example {
  readonly drawing: Drawing;
}

/** Options of a task with its defaults; a UserError names the axis that is wrong. */
export function drawnOptions(name: DrawnTaskName, given: unknown): unknown {
  const { options }: DrawnTask = drawnTasks[name];
  const checked = options.safeParse(given ?? {});
  if (checked.success) return checked.data;
  const issue = plainest(checked.error.issues[0]);
  if (issue.code === "unrecognized_keys")
    throw mustBe(name, "axis", `one of ${axisNames(name).join(", ")}`, issue.keys[0]);
  const got = issue.path.reduce(
    (value: unknown, key) => (value as Record<PropertyKey, unknown>)?.[key],
    given,
  );
  throw mustBe(name, issue.path.join("."), "a value of this axis", got, issue.message);
}

/** The axes of a task and its other options. */
export function axisNames(name: DrawnTaskName): string[] {
  const { options }: DrawnTask = drawnTasks[name];
  return options instanceof z.ZodObject ? Object.keys(options.shape) : [];
}

type Issue = z.core.$ZodIssue;

/** Of the mistakes in a value that may be one thing or a list, the one in the form that was given. */
function plainest(issue: Issue): Issue {
  if (issue.code !== "invalid_union") return issue;
  const first = issue.errors.find(([{ code }]) => code !== "invalid_type") ?? issue.errors[0];
  const inner = plainest(first[0]);
  return { ...inner, path: [...issue.path, ...inner.path] };
}

/** A function that draws example `index` of stream `seed`: pure, the same for every caller and order. */
export function drawnExampleMaker(
  name: DrawnTaskName,
  given: unknown = {},
  split: Split = "train",
): (seed: number | string, index: number) => DrawnExample {
  const options = drawnOptions(name, given);
  return (seed, index) => drawExample(name, options, [split, seed, index], `${split}-${sixDigits(index)}`);
}

/** Item `index` of the task's frozen benchmark; see {@link DrawnTask.benchmark}. */
export function benchmarkExample(name: DrawnTaskName, index: number): DrawnExample {
  const { benchmark }: DrawnTask = drawnTasks[name];
  const options = drawnOptions(name, benchmark.strata(index));
  return drawExample(name, options, ["benchmark", benchmark.version, index], sixDigits(index));
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

/** Every word of a task's questions and answers. */
export function drawnWords(name: DrawnTaskName, given: unknown = {}): string[] {
  const task: DrawnTask = drawnTasks[name];
  const fixed = task.wordings[0].replaceAll(/\{\w+\}/g, " ").split(/\s+/);
  const words = [...fixed, ...task.words(drawnOptions(name, given)).flatMap((text) => text.split(" "))];
  return [...new Set(words.filter((word) => word !== ""))].sort();
}
