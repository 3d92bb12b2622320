import type { NdArray } from "../../engine/array.ts";
import type { ParamSpec } from "../../nn/init.ts";
import { type ClipParams, clipSpecs, clipTower } from "../towers/clip.ts";
import type { VisionActivations } from "../towers/layers.ts";
import { type SiglipConfig, type SiglipParams, siglipSpecs, siglipTower } from "../towers/siglip.ts";
import type { VisionConfig } from "./config.ts";

export type VisionParams<A = NdArray> = ClipParams<A> | SiglipParams<A>;

/** A vision tower as LLaVA uses it: hidden states of its first `depth` layers. */
interface Tower {
  specs(config: never): VisionParams<ParamSpec>;
  encode(config: never, params: never, pixelValues: NdArray, depth: number): VisionActivations;
}

/** Towers by `model_type` of `vision_config`. */
const towers: { readonly [T in VisionConfig["modelType"]]: Tower } = {
  clip_vision_model: { specs: clipSpecs, encode: clipTower },
  siglip_vision_model: {
    specs: siglipSpecs,
    encode: (config: SiglipConfig, params: SiglipParams, pixelValues, depth) =>
      siglipTower(config, params, pixelValues, { depth }),
  },
};

export function towerSpecs(config: VisionConfig): VisionParams<ParamSpec> {
  return towers[config.modelType].specs(config as never);
}

/** Pixels [I, C, Y, X] to hidden states [I, P, D], where P counts a class token too. */
export function runTower(
  config: VisionConfig,
  params: VisionParams,
  pixelValues: NdArray,
  depth: number,
): VisionActivations {
  return towers[config.modelType].encode(config as never, params as never, pixelValues, depth);
}
