/** The fixed scale of a result's maps: the same for every picture of a kind. */
import type { AttentionResult } from "./attention.ts";
import { type ColourMap, colourMaps } from "./colour.ts";
import type { LensResult, LensSpace } from "./logit-lens.ts";
import { linearScale, logProbabilityScale, rangeOf, rankScale, type Scale, shareScale } from "./scale.ts";

/** How numbers become colours. */
export interface ScaleOptions {
  /** What the strongest colour stands for; default the fixed end of the space. */
  readonly max?: number;
  readonly colours?: ColourMap;
}

const scaleOf: Record<LensSpace, (result: LensResult, max?: number, colours?: ColourMap) => Scale> = {
  probability: (_, max = 1, colours) => linearScale("probability", 0, max, colours),
  "log-probability": ({ vocabulary }, _, colours) => logProbabilityScale(vocabulary, colours),
  rank: ({ vocabulary }, _, colours) => rankScale(vocabulary, colours),
  logit: ({ layers }, max, colours) => {
    const { low, high } = rangeOf(layers.flatMap(({ maps }) => maps));
    const label = max === undefined ? "logit, lowest to highest of all words and layers" : "logit";
    return linearScale(label, low, max ?? high, colours);
  },
};

/** The fixed scale of a result's space; logits have none, so theirs spans all words and layers and says so. */
export function spaceScale(result: LensResult, { max, colours }: ScaleOptions = {}): Scale {
  return scaleOf[result.space](result, max, colours);
}

/** Fixed for a grid: the even share to all, in steps of the logarithm; with `max`, even steps from 0 to it. */
export function attentionScale(
  { geometry: { grid }, globalGeometry }: Pick<AttentionResult, "geometry" | "globalGeometry">,
  { max, colours }: ScaleOptions = {},
): Scale {
  const global = globalGeometry === undefined ? 0 : globalGeometry.grid.rows * globalGeometry.grid.columns;
  if (max === undefined) return shareScale(grid.rows * grid.columns + global, colours ?? colourMaps.heat);
  return linearScale("part of what the image gets", 0, max, colours);
}
