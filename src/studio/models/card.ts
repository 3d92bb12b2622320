/** What a page is told of a model once it is open. */
import { leavesWithPaths } from "../../engine/host.ts";
import type { GivenSource } from "../../hub/source/given.ts";
import { type Learnt, readLearnt } from "../../lens/learnt.ts";
import type { Vlm } from "../../vlm/open.ts";
import type { ModelCard } from "../jobs/job.ts";

/** The thresholds that lie beside a model (`lens.json`) for its last layer. */
export function learntOf(source: GivenSource, { facts }: Vlm): Promise<Learnt | undefined> {
  return readLearnt(source, { layer: facts.layers, tokens: "mean", norm: true });
}

/** `runsOn`: "page, wasm", "server". */
export function cardOf(
  { name, folder, facts, family, params, asking }: Vlm,
  runsOn: string,
  learnt?: Learnt,
): ModelCard {
  const leaves = leavesWithPaths(params, hasShape);
  return {
    name,
    folder,
    family: String((family.configToJson() as { model_type?: unknown }).model_type),
    parameters: leaves.reduce((sum, [, { shape }]) => sum + shape.reduce((a, b) => a * b, 1), 0),
    layers: facts.layers,
    attentionLayers: facts.attentionLayers.map((index) => index + 1),
    vocabulary: facts.vocabSize,
    asking,
    runsOn,
    ...(learnt !== undefined && { threshold: learnt.patches, pixelThreshold: learnt.pixels }),
  };
}

function hasShape(leaf: unknown): leaf is { readonly shape: readonly number[] } {
  return typeof leaf === "object" && leaf !== null && "shape" in leaf;
}
