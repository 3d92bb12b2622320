/** Frozen test sets, known by their hashes. */
import { mustBe } from "../../common/errors.ts";
import type { DrawnTask } from "../tasks/drawn.ts";
import { drawnTasks, isDrawnTask } from "../tasks/drawn-registry.ts";
import { scoredTaskNames, type TaskName } from "../tasks/registry.ts";
import { benchmarkTaskNames } from "../tasks/world.ts";
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
export const frozenHashes: Readonly<Record<string, string>> = {
  "line-tracing-v1": "b7d8d5e3ed36d728b2c4c3d4d8684645470e857e66f9418cc3813ec6daafd0dc",
  "line-intersection-v1": "c7e101f47f7840585cebe436f8e420a511f438d8bd8f6212b88c473241ced5d8",
  "marked-cell-v1": "20c883ffad942fcae5d00062a147ea06b5f44e4c563fa6189050419ce36a7ae5",
  "counting-v1": "94bac89c392007db26fbeeeff01340d210722552a94d3848ade2dc4b343c2e4d",
  "touching-circles-v1": "c62059960fdfbbb9c2d9728b5dc8896bc7ee0f00d721abea72480da0430da006",
  "nested-squares-v1": "231662a925a22d7fe07ee1d393c68f67b0f9a26917cb1822fb7ba77a5c30b026",
  "circled-letter-v1": "a05d5912482c6230644e069a59f8c426b45fdc6354ce58b9ee1ba941b5972f29",
  "path-following-v1": "02dc5d6885bf619d354c70646568172ae403af0cc69fd61e03c96caf5f99d537",
  "naming-v1": "ebca34ce7f9707f9372413c594d2521665f358a17dfc031c83dde9ab7cc8f68d",
  "grid-patch-v1": "37fb291e225a591831483241b250d71c515c25417e91936bcdd863d91a42846f",
  "presence-v1": "fa09210c6089641f30bee87eac330250b7d6b9a964146e1ff05a312f57d4e4ad",
  "pointing-v1": "10fb1f7e1e386d8dba1f94d16e79e58ea0ae0db7e64055f1c604c8fb9867d6bf",
  "colour-v1": "609f81fa716f9a7742e91b24d1fa001b5a0b5b7ee473417746c8b8e894900ef3",
  "point-to-every-v1": "89357e86403b990d755b1d32fc5120754491f4942d3fba15fb09c31140e8102d",
  "referring-v1": "ca113e28ec87544ebb69841816bed54c606efb5f5e5fd4036da0cbf9b5e21dec",
};

/** Scenes of all scene benchmarks: version 1. Their pictures come from pinned packages. */
const sceneVersion = 1;

/** @throws UserError when there is no such task */
export function benchmarkOf(task: string): Benchmark {
  if (isDrawnTask(task)) {
    const { version, count }: DrawnTask["benchmark"] = (drawnTasks[task] as DrawnTask).benchmark;
    const recipe = { task, count, seed: 0, split: "test", axes: {}, frozen: true } as const;
    return named(`${task}-v${version}`, recipe);
  }
  if (!(scoredTaskNames as string[]).includes(task))
    throw mustBe("benchmark", "task", `one of ${benchmarkTaskNames.join(", ")}`, task);
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

/** Whether `hash` is that of the benchmark; one that is not frozen yet may have any. */
export function hasFrozenBytes({ hash: frozen }: Benchmark, hash: string): boolean {
  return frozen === undefined || frozen === hash;
}

function named(name: string, recipe: Recipe): Benchmark {
  const hash = frozenHashes[name];
  return { name, recipe, ...(hash !== undefined && { hash }) };
}
