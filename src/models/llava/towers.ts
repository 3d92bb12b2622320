import type { NdArray } from "../../engine/array.ts";
import type { ParamSpec } from "../../nn/init.ts";
import { type ClipParams, clipSpecs, clipTower } from "../towers/clip.ts";
import type { VisionActivations } from "../towers/layers.ts";
import { type SiglipParams, siglipSpecs, siglipTower } from "../towers/siglip.ts";
import type { VisionConfig } from "./config.ts";

export type VisionParams<A = NdArray> = ClipParams<A> | SiglipParams<A>;

/** A vision tower as LLaVA uses it: hidden states of its first `depth` layers. */
interface Tower {
  specs(config: VisionConfig): VisionParams<ParamSpec>;
  encode(config: VisionConfig, params: VisionParams, pixelValues: NdArray, depth: number): VisionActivations;
}

type ConfigOf<T extends VisionConfig["modelType"]> = Extract<VisionConfig, { modelType: T }>;

/** Towers by `model_type` of `vision_config`. */
const towers: { readonly [T in VisionConfig["modelType"]]: Tower } = {
  clip_vision_model: {
    specs: (config: ConfigOf<"clip_vision_model">) => clipSpecs(config),
    encode: (config: ConfigOf<"clip_vision_model">, params: ClipParams, pixelValues, depth) =>
      clipTower(config, params, pixelValues, depth),
  },
  siglip_vision_model: {
    specs: (config: ConfigOf<"siglip_vision_model">) => siglipSpecs(config),
    encode: (config: ConfigOf<"siglip_vision_model">, params: SiglipParams, pixelValues, depth) =>
      siglipTower(config, params, pixelValues, { depth }),
  },
};

export function towerSpecs(config: VisionConfig): VisionParams<ParamSpec> {
  return towers[config.modelType].specs(config);
}

/** Pixels [I, C, Y, X] to hidden states [I, P, D], where P counts a class token too. */
export function runTower(
  config: VisionConfig,
  params: VisionParams,
  pixelValues: NdArray,
  depth: number,
): VisionActivations {
  return towers[config.modelType].encode(config, params, pixelValues, depth);
}
