import { mustBe } from "../../common/errors.ts";
import type { DrawnTask } from "../tasks/drawn.ts";
import { drawnTasks, isDrawnTask } from "../tasks/drawn-registry.ts";
import { type TaskName, taskNames } from "../tasks/registry.ts";
import { allTaskNames } from "../tasks/world.ts";
import type { Recipe } from "./recipe.ts";

/** A frozen, versioned test set of one task. */
export interface Benchmark {
  /** `line-tracing-v1` */
  readonly name: string;
  readonly recipe: Recipe;
  /** What `makeData` must return as its hash; undefined while a version is not frozen. */
  readonly hash?: string;
}

/** Hashes of the frozen sets, see `MadeData.hash`. A set whose bytes change gets a new version, never a new hash. */
export const frozenHashes: Readonly<Record<string, string>> = {};

/** Scenes of all scene benchmarks: version 1. Their pictures come from pinned packages. */
const sceneVersion = 1;

/** @throws UserError when there is no such task */
export function benchmarkOf(task: string): Benchmark {
  if (isDrawnTask(task)) {
    const { version, count }: DrawnTask["benchmark"] = (drawnTasks[task] as DrawnTask).benchmark;
    const recipe = { task, count, seed: 0, split: "test", axes: {}, frozen: true } as const;
    return named(`${task}-v${version}`, recipe);
  }
  if (!(taskNames as string[]).includes(task))
    throw mustBe("benchmark", "task", `one of ${allTaskNames.join(", ")}`, task);
  return named(`${task}-v${sceneVersion}`, {
    count: 1000,
    seed: sceneVersion,
    split: "test",
    sources: ["fluent-3d"],
    examples: {
      scene: { size: 336, objects: [3, 5], scale: [0.15, 0.4] },
      tasks: [task as TaskName],
      questionsPerImage: 1,
    },
  });
}

function named(name: string, recipe: Recipe): Benchmark {
  const hash = frozenHashes[name];
  return { name, recipe, ...(hash !== undefined && { hash }) };
}
