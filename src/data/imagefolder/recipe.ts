import { loadPhotos } from "../assets/folder.ts";
import { loadCutOuts, type Split, splitItems } from "../assets/load.ts";
import type { SceneAssets } from "../scenes/options.ts";
import type { SceneExampleOptions } from "../tasks/examples.ts";

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
