/** What a page is told of a model once it is open. */
import { leavesWithPaths } from "../../engine/host.ts";
import type { GivenSource } from "../../hub/source/given.ts";
import { readLearnt } from "../../lens/learnt.ts";
import type { Vlm } from "../../vlm/open.ts";
import type { ModelCard } from "../jobs/job.ts";

/** The threshold of patches that lies beside a model (`lens.json`) for its last layer. */
export async function thresholdOf(source: GivenSource, { facts }: Vlm): Promise<number | undefined> {
  return (await readLearnt(source, { layer: facts.layers, tokens: "mean", norm: true }))?.patches;
}

/** `runsOn`: "page, wasm", "server". */
export function cardOf(
  { name, folder, facts, family, params, asking }: Vlm,
  runsOn: string,
  threshold?: number,
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
    ...(threshold !== undefined && { threshold }),
  };
}

function hasShape(leaf: unknown): leaf is { readonly shape: readonly number[] } {
  return typeof leaf === "object" && leaf !== null && "shape" in leaf;
}
