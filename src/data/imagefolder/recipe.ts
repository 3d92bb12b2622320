/** What makes a data set: a task, its options, a seed. */
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

/** Makes example `index` of a set. */
export type MakeOne = (index: number) => Example | DrawnExample;

/** A recipe that is checked, with its pictures loaded. */
export interface OpenRecipe {
  readonly make: MakeOne;
  /** Of all objects that its scenes may hold; none for drawings. */
  readonly names: readonly string[];
}

/** @throws UserError when something in the recipe is wrong */
export async function openRecipe(recipe: Recipe): Promise<OpenRecipe> {
  if (isDrawn(recipe)) return { make: drawnMaker(recipe), names: [] };
  const assets = await loadSceneAssets(recipe);
  const make = exampleMaker(assets, { ...recipe.examples, split: recipe.split });
  return { make: (index) => make(recipe.seed, index), names: assets.cutOuts.names };
}

function drawnMaker({ task, axes, split, seed, frozen }: DrawnRecipe): MakeOne {
  if (frozen) return (index) => benchmarkExample(task, index);
  const make = drawnExampleMaker(task, axes, split);
  return (index) => make(seed, index);
}

/**
 * Loads the pictures of a recipe's split: cut-outs by picture where a name has several, photos by photo; without a split
 * all of them.
 */
export async function loadSceneAssets(
  recipe: Pick<SceneRecipe, "sources" | "names" | "backgrounds"> & { readonly split?: Split },
): Promise<SceneAssets> {
  const { sources, names, split, backgrounds } = recipe;
  const [cutOuts, photos] = await Promise.all([
    loadCutOuts({ sources, ...(split && { split }), ...(names !== undefined && { names }) }),
    backgrounds === undefined ? undefined : loadPhotos(backgrounds),
  ]);
  if (photos === undefined) return { cutOuts };
  return { cutOuts, photos: split ? splitItems(photos, ({ picture }) => picture, split) : photos };
}
