/** Which decoder layers a loss is computed at. */
import { z } from "zod";
import { mustBe } from "../common/errors.ts";
import type { NdArray } from "../engine/array.ts";

/** What an option of this kind means, for the config's reader. */
export const layersHelp =
  "Decoder layers: all, the last half, the last, or a list (0 is the first, -1 the last).";

export const layersSchema = z.union([
  z.enum(["all", "last-half", "last"]),
  z.array(z.int()).min(1, "must name at least one layer"),
]);
export type Layers = z.output<typeof layersSchema>;

/** Indices from 0 of the chosen layers among `count`; throws a UserError for a layer that does not exist. */
export function chooseLayers(layers: Layers, count: number): number[] {
  if (typeof layers === "string") {
    const first = { all: 0, "last-half": Math.floor(count / 2), last: count - 1 }[layers];
    return Array.from({ length: count - first }, (_, i) => first + i);
  }
  return layers.map((layer) => {
    const index = layer < 0 ? count + layer : layer;
    if (index >= 0 && index < count) return index;
    throw mustBe("losses", "layers", `from ${-count} to ${count - 1}`, layer, `the decoder has ${count}`);
  });
}

/** What a tap of several layers has of the last one. */
export function lastLayer(layers: readonly NdArray[]): NdArray {
  return layers[layers.length - 1];
}
