import { type HostArray, isLeaf } from "../../engine/host.ts";
import { isParamSpec } from "../../nn/init.ts";
import type { LlavaConfig } from "./config.ts";
import { type LlavaParams, llavaSpecs, mapParams } from "./params.ts";

/** Parameters by the names of their tensors in a file. */
export type NamedParams<A = HostArray> = Readonly<Record<string, A>>;

/**
 * The name that transformers 5.18 writes for a parameter's path: `languageModel.layers.0.mlp.upProj.weight`
 * -> `language_model.model.layers.0.mlp.up_proj.weight`.
 */
export function tensorName(path: string): string {
  const snake = path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return snake
    .replace(/^multi_modal_projector\.linear/, "multi_modal_projector.linear_")
    .replace(/^language_model\./, "language_model.model.")
    .replace(/^lm_head\./, "language_model.lm_head.");
}

/**
 * The name of today for a name in a file: files on the hub have `vision_tower.vision_model.*`, some of 2025
 * `model.language_model.*` and `lm_head.*`. Null for what is known and not a parameter.
 */
export function currentTensorName(stored: string): string | null {
  if (/\.(position_ids|inv_freq)$/.test(stored)) return null;
  return stored
    .replace(/^model\./, "")
    .replace(/^vision_tower\.vision_model\./, "vision_tower.")
    .replace(/^language_model\.(?!model\.|lm_head\.)/, "language_model.model.")
    .replace(/^lm_head\./, "language_model.lm_head.");
}

/** Names and shapes of all tensors of a checkpoint. */
export function tensorShapes(config: LlavaConfig): Map<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  mapParams(llavaSpecs(config), isParamSpec, ({ shape }, path) => shapes.set(tensorName(path), shape));
  return shapes;
}

/** The parameter tree from named leaves (host or traced); throws where one is missing. */
export function paramsFromNamed<A>(config: LlavaConfig, named: NamedParams<A>): LlavaParams<A> {
  return mapParams(llavaSpecs(config), isParamSpec, (_, path): A => {
    const leaf = named[tensorName(path)];
    if (leaf === undefined) throw new TypeError(`parameters: no ${tensorName(path)}`);
    return leaf;
  });
}

/** The leaves of a parameter tree by tensor name. */
export function paramsToNamed(params: LlavaParams<HostArray>): NamedParams {
  const named: Record<string, HostArray> = {};
  mapParams(params, isLeaf as (x: unknown) => x is HostArray, (leaf, path) => {
    named[tensorName(path)] = leaf;
  });
  return named;
}
