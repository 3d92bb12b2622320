/** Thresholds of the lens, learnt from data for a model's folder. */
import type { ExampleRef } from "../data/example.ts";
import type { Learnt, LensUse } from "../lens/learnt.ts";
import { lensMaps } from "../lens/logit-lens.ts";
import { conceptTokens, knowsConcept } from "../vlm/concept.ts";
import type { Vlm } from "../vlm/open.ts";
import { patchTruth, pixelMaps } from "./maps.ts";
import { type LensCurves, learnThreshold, overlapCurve } from "./thresholds.ts";

/** What was learnt, and how many concepts were left out because the model's vocabulary lacks them. */
export interface Calibration {
  readonly learnt: Learnt;
  readonly unknown: number;
}

/** Learns a model's lens thresholds from the concepts of a data set, picture by picture. */
export async function calibrate(
  model: Vlm,
  examples: readonly ExampleRef[],
  use: LensUse & { readonly data: string; readonly onProgress?: (done: number, total: number) => void },
): Promise<Calibration> {
  const { layer, tokens, norm, onProgress } = use;
  const curves: LensCurves[] = [];
  let unknown = 0;
  const known = (word: string) => knowsConcept(model.chat, word, conceptTokens(model.chat, word));
  const some = examples.filter(({ concepts }) => concepts.length > 0);
  for (const [i, example] of some.entries()) {
    onProgress?.(i, some.length);
    const loaded = await example.load();
    const { image } = loaded;
    const concepts = loaded.concepts.filter(({ word }) => known(word));
    unknown += loaded.concepts.length - concepts.length;
    if (concepts.length === 0) continue;
    const words = concepts.map(({ word }) => word);
    const { layers, geometry } = await lensMaps(model, image, words, { tokens, norm });
    for (const [k, { regions }] of concepts.entries()) {
      const map = layers[layer].maps[k];
      const { coverage, positive } = patchTruth(regions, geometry);
      const { raster, truth } = pixelMaps(map, regions, geometry);
      curves.push({
        image: i,
        shows: coverage.some((share) => share > 0),
        patches: overlapCurve(map, positive),
        pixels: overlapCurve(raster, truth),
      });
    }
  }
  return { learnt: learntFrom(curves, some.length, use.data, { layer, tokens, norm }), unknown };
}

function learntFrom(curves: readonly LensCurves[], images: number, data: string, use: LensUse): Learnt {
  const pixels = learnThreshold(curves, "pixels");
  const present = curves.filter(({ shows }) => shows).length;
  const known = (value: number) => (Number.isNaN(value) ? null : value);
  return {
    layer: use.layer,
    tokens: use.tokens,
    norm: use.norm,
    patches: learnThreshold(curves, "patches").threshold,
    pixels: pixels.threshold,
    from: {
      data,
      images,
      present,
      absent: curves.length - present,
      iou: known(pixels.iou),
      empty: known(pixels.empty),
    },
  };
}
