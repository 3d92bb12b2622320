import { sizeOf } from "../../engine/host.ts";
import { normal, type ParamSpec } from "../../nn/init.ts";
import type { LlavaConfig } from "./config.ts";

/** Leaves that end a residual branch. */
const branchEnds = /\.(outProj|fc2|oProj|downProj)\.weight$/;
const tables = /(embedTokens|lmHead)\.weight$/;

/**
 * Starting values for small models trained from scratch: every matrix keeps the size of what it multiplies
 * (standard deviation 1/sqrt(inputs)), the last matrix of a residual branch is smaller by sqrt(2 layers), word
 * vectors have length 1. At width 128 Hugging Face's 0.02 is a quarter of that: attention then never starts to
 * depend on the question (docs/results.md).
 */
export function fanInSpec(config: LlavaConfig, spec: ParamSpec, path: string): ParamSpec {
  if (spec.shape.length < 2 || path.endsWith("positionEmbedding.weight")) return spec;
  if (tables.test(path)) return normal(spec.shape, spec.shape[1] ** -0.5);
  const inputs = sizeOf(spec.shape.slice(1));
  if (!branchEnds.test(path)) return normal(spec.shape, inputs ** -0.5);
  const { visionConfig, textConfig } = config;
  const layers = path.startsWith("visionTower") ? visionConfig.numHiddenLayers : textConfig.numHiddenLayers;
  return normal(spec.shape, (2 * layers * inputs) ** -0.5);
}
