import { loadPhotos } from "../assets/folder.ts";
import { loadCutOuts, type Split, splitItems } from "../assets/load.ts";
import type { Example } from "../example.ts";
import type { SceneAssets } from "../scenes/options.ts";
import { benchmarkExample, type DrawnExample, drawnExampleMaker } from "../tasks/drawn-examples.ts";
import type { DrawnTaskName } from "../tasks/drawn-registry.ts";
import { exampleMaker, type SceneExampleOptions } from "../tasks/examples.ts";

/** Everything that decides the bytes of a set of scenes; plain data, so that workers can be given it. */
export interface SceneRecipe {
  readonly count: number;
  readonly seed: number;
  readonly split: Split;
  /** Emoji styles or folders of cut-outs. */
  readonly sources: readonly string[];
  /** Only the first so many names. */
  readonly names?: number;
  /** A folder of photos. */
  readonly backgrounds?: string;
  readonly examples: SceneExampleOptions;
}

/** Everything that decides the bytes of a set of drawings of one task. */
export interface DrawnRecipe {
  readonly task: DrawnTaskName;
  readonly count: number;
  readonly seed: number;
  readonly split: Split;
  /** Its axes of difficulty; what is left out has the task's default. */
  readonly axes: Readonly<Record<string, unknown>>;
  /** The task's frozen benchmark: seed, split and axes then do not matter. */
  readonly frozen?: boolean;
}

export type Recipe = SceneRecipe | DrawnRecipe;

export function isDrawn(recipe: Recipe): recipe is DrawnRecipe {
  return "task" in recipe;
}

/** A function that makes example `index` of the set. */
export async function recipeMaker(recipe: Recipe): Promise<(index: number) => Example | DrawnExample> {
  if (isDrawn(recipe)) {
    const { task, axes, split, seed } = recipe;
    if (recipe.frozen) return (index) => benchmarkExample(task, index);
    const make = drawnExampleMaker(task, axes, split);
    return (index) => make(seed, index);
  }
  const make = exampleMaker(await loadSceneAssets(recipe), { ...recipe.examples, split: recipe.split });
  return (index) => make(recipe.seed, index);
}

/** Loads the pictures of a recipe's split: cut-outs by picture where a name has several, photos by photo. */
export async function loadSceneAssets(
  recipe: Pick<SceneRecipe, "sources" | "names" | "split" | "backgrounds">,
): Promise<SceneAssets> {
  const { sources, names, split, backgrounds } = recipe;
  const [cutOuts, photos] = await Promise.all([
    loadCutOuts({ sources, split, ...(names !== undefined && { names }) }),
    backgrounds === undefined ? undefined : loadPhotos(backgrounds),
  ]);
  if (photos === undefined) return { cutOuts };
  return { cutOuts, photos: splitItems(photos, ({ picture }) => picture, split) };
}
