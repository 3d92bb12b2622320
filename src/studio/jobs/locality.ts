/** How much of each patch's own content is left with depth; against the truth where it is known. */
import type { RgbImage } from "../../common/image.ts";
import { type ConceptTruth, type LayerTruth, lensTruth } from "../../eval/locality.ts";
import { type LocalityLayer, localityByLayer } from "../../lens/locality.ts";
import { lensMaps } from "../../lens/logit-lens.ts";
import type { Vlm } from "../../vlm/open.ts";

export interface LocalityJob {
  readonly given: {
    readonly picture: RgbImage;
    /** What is known to show, words that the model's vocabulary can write. */
    readonly truth?: readonly ConceptTruth[];
  };
  readonly result: {
    readonly layers: readonly LocalityLayer[];
    /** By layer too; with a truth. */
    readonly truth?: readonly LayerTruth[];
  };
}

export async function locality(
  model: Vlm,
  { picture, truth = [] }: LocalityJob["given"],
): Promise<LocalityJob["result"]> {
  const layers = await localityByLayer(model, picture);
  if (truth.length === 0) return { layers };
  const maps = await lensMaps(
    model,
    picture,
    truth.map(({ word }) => word),
  );
  return { layers, truth: lensTruth(maps, truth) };
}
