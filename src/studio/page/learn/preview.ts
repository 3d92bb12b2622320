/** The pictures that a training will be watched on, before it begins. */

import type { Watched } from "../../learn/messages.ts";
import { defaultRecipe } from "../../learn/recipe.ts";
import { trainingWorld } from "../../learn/world.ts";
import { loadCutOuts } from "../play/scene/load-cut-outs.ts";

export type Preview = Pick<Watched, "image" | "word" | "regions">;

/** Pixels on a side of the twins' pictures. */
const SIDE = 64;

const made = new Map<number, Promise<readonly Preview[]>>();

/** For scenes of so many things: what else a recipe says does not change them. */
export function previewOf(things: number): Promise<readonly Preview[]> {
  const known = made.get(things) ?? make(things);
  made.set(things, known);
  known.catch(() => made.delete(things));
  return known;
}

async function make(things: number): Promise<readonly Preview[]> {
  const { probes } = trainingWorld(await loadCutOuts("coarse"), { ...defaultRecipe, things }, SIDE);
  return probes.map(({ example: { image, concepts }, word }) => {
    const regions = concepts.find((concept) => concept.word === word)?.regions ?? [];
    return { image, word, regions };
  });
}
