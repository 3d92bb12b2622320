import type { NdArray } from "../../engine/array.ts";
import { type HostArray, sizeOf } from "../../engine/host.ts";
import { initParam, mapTree, withSpread } from "../../nn/init.ts";
import { type LinearParams, linearSpec } from "../../nn/linear.ts";
import type { VlmParams } from "../contract/parts.ts";
import { inPart, isPartSpec, type PartSpec } from "../contract/roles.ts";
import { type LlavaConfig, patchGrid, visionFeatureLayers } from "./config.ts";
import { fanInSpec, isPositionTable } from "./fan-in.ts";
import { towerSpecs, type VisionParams } from "./towers.ts";
import { gridWaves } from "./waves.ts";

/** Parameters of LLaVA by their modules. */
export interface LlavaParams<A = NdArray> extends VlmParams<A> {
  readonly visionTower: VisionParams<A>;
  readonly multiModalProjector: { readonly linear1: LinearParams<A>; readonly linear2: LinearParams<A> };
}

/** Starting values, where they should differ from Hugging Face's. */
export interface LlavaInit {
  /** `hugging-face` [default]: as `transformers` draws them. `fan-in`: see `fanInSpec`. */
  readonly scheme?: "hugging-face" | "fan-in";
  /** `random` [default]: each position its own. `waves`: see `gridWaves`. */
  readonly visionPositions?: "random" | "waves";
  /** Position embeddings of the vision tower; strong ones let a small model say where things are. */
  readonly visionPositionStd?: number;
}

/** Shape and start of the vision tower's and the projector's parameters, in the order of Hugging Face's modules. */
export function visionSideSpecs(config: LlavaConfig): Omit<LlavaParams<PartSpec>, keyof VlmParams> {
  const { visionConfig: vision, textConfig: text } = config;
  const std = text.initializerRange;
  const features = visionFeatureLayers(config).length * vision.hiddenSize;
  const bias = config.multimodalProjectorBias;
  return {
    visionTower: inPart("vision", towerSpecs(vision)),
    multiModalProjector: inPart("projector", {
      linear1: linearSpec(features, text.hiddenSize, { std, bias }),
      linear2: linearSpec(text.hiddenSize, text.hiddenSize, { std, bias }),
    }),
  };
}

/**
 * A random starting value, by default as Hugging Face draws it in distribution; the same seed gives the same
 * values.
 */
export function drawParam(
  config: LlavaConfig,
  spec: PartSpec,
  path: string,
  seed: number | string,
  init: LlavaInit = {},
): HostArray<"float32"> {
  const start = init.scheme === "fan-in" ? fanInSpec(config, spec) : spec;
  if (!isPositionTable(spec)) return initParam(start, seed, path);
  const std = init.visionPositionStd ?? (spec.init.kind === "normal" ? spec.init.std : 0);
  if (init.visionPositions === "waves") return gridWaves(patchGrid(config), spec.shape, std, seed);
  return initParam(withSpread(spec, std), seed, path);
}

/** Number of trainable numbers, in all and by part; embeddings and head count as the decoder's. */
export function countParams(specs: LlavaParams<PartSpec>): {
  vision: number;
  projector: number;
  decoder: number;
  total: number;
} {
  const counts = { vision: 0, projector: 0, decoder: 0, total: 0 };
  mapTree(specs, isPartSpec, ({ part, shape }) => {
    counts[part === "embeddings" ? "decoder" : part] += sizeOf(shape);
    counts.total += sizeOf(shape);
  });
  return counts;
}
