/** The logit lens of one picture against its known truth, layer by layer: the loss of locality with depth. */

import { massOnTarget } from "../grounding/coverage.ts";
import type { Region } from "../grounding/region.ts";
import type { LensResult } from "../lens/logit-lens.ts";
import { averagePrecision } from "./map-metrics.ts";
import { patchTruth } from "./maps.ts";

/** A concept of a picture and where it shows. */
export interface ConceptTruth {
  readonly word: string;
  readonly regions: readonly Region[];
}

/** Means over the concepts that show, as `fovea probe` measures them. NaN where none does. */
export interface LayerTruth {
  readonly layer: number;
  /** Of the concept's map, whose patches at least half covered are positive. */
  readonly averagePrecision: number;
  /** Share of the map's probability that lies on the concept. */
  readonly massOnTarget: number;
  /** Mean probability of the word on the concept's patches, weighed by how much of each it covers; and on the others. */
  readonly probabilityOnTarget: number;
  readonly probabilityElsewhere: number;
}

/** `result`: probabilities of the concepts' words, in their order. */
export function lensTruth({ layers, geometry }: LensResult, concepts: readonly ConceptTruth[]): LayerTruth[] {
  const truths = concepts.map(({ regions }) => patchTruth(regions, geometry));
  const shown = truths.flatMap(({ coverage }, k) => (coverage.some((share) => share > 0) ? [k] : []));
  const mean = (of: (k: number) => number) => shown.reduce((sum, k) => sum + of(k), 0) / shown.length;
  return layers.map(({ layer, maps }) => ({
    layer,
    averagePrecision: mean((k) => averagePrecision(maps[k], truths[k].positive)),
    massOnTarget: mean((k) => massOnTarget(maps[k], truths[k].coverage)),
    probabilityOnTarget: mean((k) => massOnTarget(truths[k].coverage, maps[k])),
    probabilityElsewhere: mean((k) =>
      massOnTarget(
        truths[k].coverage.map((share) => 1 - share),
        maps[k],
      ),
    ),
  }));
}
