import { sizeOf } from "../../engine/host.ts";
import { withSpread } from "../../nn/init.ts";
import type { PartSpec } from "../contract/roles.ts";
import type { LlavaConfig } from "./config.ts";

/** Position embeddings of the tower; its class token is one vector. */
export function isPositionTable({ part, role, shape }: PartSpec): boolean {
  return part === "vision" && role === "table" && shape.length === 2;
}

/**
 * Starting values for small models trained from scratch: every matrix keeps the size of what it multiplies
 * (standard deviation 1/sqrt(inputs)), the last matrix of a residual branch is smaller by sqrt(2 layers), word
 * vectors have length 1. At width 128 Hugging Face's 0.02 is a quarter of that: attention then never starts to
 * depend on the question (docs/results.md).
 */
export function fanInSpec(config: LlavaConfig, spec: PartSpec): PartSpec {
  if (spec.shape.length < 2 || isPositionTable(spec)) return spec;
  const inputs = sizeOf(spec.shape.slice(1));
  if (spec.place !== "branch-end") return withSpread(spec, inputs ** -0.5);
  const { visionConfig, textConfig } = config;
  const { numHiddenLayers: layers } = spec.part === "vision" ? visionConfig : textConfig;
  return withSpread(spec, (2 * layers * inputs) ** -0.5);
}
