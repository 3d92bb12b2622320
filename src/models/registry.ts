/** The families that Fovea knows, and the one of a config file. */
import { UserError } from "../common/errors.ts";
import type { ModelFamily } from "./contract/family.ts";
import { idefics3, smolvlm } from "./idefics3/family.ts";
import { llava } from "./llava/family.ts";
import { paligemma } from "./paligemma/family.ts";
import { qwen25Vl } from "./qwen2_5_vl/family.ts";
import { qwen3Vl } from "./qwen3_vl/family.ts";

/** Model families by Hugging Face's `model_type`. A new one is a folder here and a line below. */
export const families = {
  idefics3,
  llava,
  paligemma,
  qwen2_5_vl: qwen25Vl,
  qwen3_vl: qwen3Vl,
  smolvlm,
} as const satisfies Record<string, ModelFamily>;

/** Hugging Face's `model_type` of a family that Fovea knows. */
export type ModelType = keyof typeof families;

/**
 * The family of a parsed `config.json`: one of the caller's own, else one of {@link families}. Throws a
 * {@link UserError} when none has its `model_type`.
 */
export function familyOf(
  json: unknown,
  source = "config.json",
  own: readonly ModelFamily[] = [],
): ModelFamily {
  const found = knownFamily(json, own);
  if (found !== undefined) return found;
  const names = [...own, ...Object.values(families)].map(({ modelType }) => modelType).join(", ");
  throw new UserError(`${source}: model_type must be one of ${names}, got ${JSON.stringify(typeOf(json))}`);
}

/** As {@link familyOf}; undefined when none has its `model_type`. */
export function knownFamily(json: unknown, own: readonly ModelFamily[] = []): ModelFamily | undefined {
  const known: readonly ModelFamily[] = [...own, ...Object.values(families)];
  return known.find(({ modelType }) => modelType === typeOf(json));
}

function typeOf(json: unknown): unknown {
  return typeof json === "object" && json !== null && "model_type" in json ? json.model_type : undefined;
}
