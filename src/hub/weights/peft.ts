/**
 * A PEFT folder (github.com/huggingface/peft, checked against 0.21): `adapter_config.json` and
 * `adapter_model.safetensors`, low-rank adapters of linear layers (LoRA). Names of modules are those of Python's
 * transformers.
 *
 *     isAdapterFolder(folder | source)       -> whether it has an adapter_config.json
 *     readAdapterConfig(folder | source)     -> AdapterConfig; refuses kinds of adapters other than plain LoRA
 *     readAdapterTensors(folder | source)    -> Map module -> {a, b}
 *     scaleOf(config, module, rank)          -> what (x aᵀ) bᵀ is multiplied by
 *     baseOf(folder)                         where its base is (peft-folder.ts; without paths: base.ts)
 *     writeAdapterFolder(folder, config, tensors, more)        whole or not at all (peft-folder.ts)
 */

import { z } from "zod";
import { sourceOf } from "#source";
import { UserError } from "../../common/errors.ts";
import { linearPattern } from "../../common/pattern.ts";
import type { HostArray } from "../../engine/host.ts";
import type { GivenSource } from "../source/given.ts";
import { mustBeFinite, openSafetensors } from "./safetensors.ts";

export const configName = "adapter_config.json";
export const tensorsName = "adapter_model.safetensors";
const prefix = "base_model.model.";

const mostPatterns = 1000;
const patternsOf = (value: z.ZodNumber) =>
  z
    .record(z.string().max(1000), value)
    .refine((all) => Object.keys(all).length <= mostPatterns, {
      error: `must have at most ${mostPatterns} patterns`,
    })
    .nullish();

/** A rank is no wider than the layers that it is for; an alpha that is larger would be a mistake. */
const rank = z.int().positive().max(1_000_000);
const alpha = z.number().positive().max(1_000_000);

const schema = z.looseObject({
  peft_type: z.string(),
  r: rank,
  lora_alpha: alpha,
  lora_dropout: z.number().min(0).max(1).nullish(),
  target_modules: z.union([z.string(), z.array(z.string())]).nullish(),
  base_model_name_or_path: z.string().nullish(),
  revision: z.string().nullish(),
  use_rslora: z.boolean().nullish(),
  rank_pattern: patternsOf(rank),
  alpha_pattern: patternsOf(alpha),
  bias: z.string().nullish(),
  init_lora_weights: z.union([z.boolean(), z.string()]).nullish(),
});

/** What Fovea reads of adapter_config.json, or writes into it. */
export interface AdapterConfig {
  readonly rank: number;
  readonly alpha: number;
  /** Share of the adapter's inputs that are dropped in training. */
  readonly dropout: number;
  /** Scale alpha / sqrt(rank) instead of alpha / rank (arXiv 2312.03732). */
  readonly rankStabilised: boolean;
  /** Modules by name (the end of it counts), or a regular expression of whole names. */
  readonly targets: string | readonly string[];
  /** Folder or OWNER/NAME of the model that it changes. */
  readonly base: string | null;
  readonly revision: string | null;
  /** Other values of rank or alpha, by patterns of module names. */
  readonly alphaPattern?: Readonly<Record<string, number>>;
}

/** A low-rank change: a [R, I], b [O, R]. */
export interface LowRank {
  readonly a: HostArray<"float32">;
  readonly b: HostArray<"float32">;
}

export async function isAdapterFolder(given: GivenSource): Promise<boolean> {
  return (await sourceOf(given).size(configName)) !== undefined;
}

/** Throws a UserError where the file is damaged, or tells of an adapter that is not plain LoRA. */
export async function readAdapterConfig(given: GivenSource): Promise<AdapterConfig> {
  const source = sourceOf(given);
  const path = source.place(configName);
  const json = await source.json(configName);
  if (json === undefined) throw new UserError(`${path}: expected a file, found none`);
  const checked = schema.safeParse(json);
  if (!checked.success) {
    const [{ path: at, message }] = checked.error.issues;
    throw new UserError(`${path}: ${at.join(".")}: ${message}`);
  }
  const config = checked.data;
  refuseOthers(path, config);
  return {
    rank: config.r,
    alpha: config.lora_alpha,
    dropout: config.lora_dropout ?? 0,
    rankStabilised: config.use_rslora ?? false,
    targets: config.target_modules ?? [],
    base: config.base_model_name_or_path ?? null,
    revision: config.revision ?? null,
    ...(config.alpha_pattern && { alphaPattern: config.alpha_pattern }),
  };
}

/** The base that an adapter's config names. Throws a UserError where it names none. */
export async function namedBase(given: GivenSource): Promise<{ base: string; revision: string | null }> {
  const source = sourceOf(given);
  const { base, revision } = await readAdapterConfig(source);
  if (base !== null) return { base, revision };
  const place = source.place(configName);
  throw new UserError(`${place}: base_model_name_or_path must name the base, got nothing`);
}

/** Keys that make another map of the adapter than (x aᵀ) bᵀ, or change more than linear layers. */
const changing = [
  "use_dora",
  "use_qalora",
  "use_bdlora",
  "fan_in_fan_out",
  "lora_bias",
  "modules_to_save",
  "trainable_token_indices",
  "target_parameters",
  "layer_replication",
  "alora_invocation_tokens",
  "arrow_config",
  "kasa_config",
  "monteclora_config",
  "velora_config",
];

function refuseOthers(path: string, config: z.output<typeof schema>): void {
  const wrong = (key: string, rule: string, got: unknown) =>
    new UserError(`${path}: ${key} must be ${rule}, got ${JSON.stringify(got)}; only plain LoRA is known`);
  const { peft_type: type, bias, init_lora_weights: init } = config;
  if (type !== "LORA") throw wrong("peft_type", '"LORA"', type);
  if ((bias ?? "none") !== "none") throw wrong("bias", '"none"', bias);
  if (typeof init === "string" && !/^(gaussian|orthogonal|eva)$/.test(init))
    throw wrong("init_lora_weights", "one that leaves the base as it is", init);
  for (const key of changing) {
    const value = config[key];
    const set = Array.isArray(value) ? value.length > 0 : Boolean(value);
    if (set) throw wrong(key, "left out", value);
  }
}

/** Adapters by the name of their module. Throws a UserError for tensors of another kind, or without the other half. */
export async function readAdapterTensors(given: GivenSource): Promise<Map<string, LowRank>> {
  const source = sourceOf(given);
  const path = source.place(tensorsName);
  const file = await openSafetensors({ source, path: tensorsName });
  const halves = new Map<string, Partial<LowRank>>();
  for (const name of file.tensors.keys()) {
    const [, module, half] = /^base_model\.model\.(.+)\.lora_([AB])\.(?:default\.)?weight$/.exec(name) ?? [];
    const array = await file.read(name);
    if (module === undefined || array.shape.length !== 2 || array.dtype !== "float32")
      throw new UserError(`${path}: tensor ${name}: expected lora_A or lora_B of a linear layer`);
    mustBeFinite(path, name, array);
    halves.set(module, { ...halves.get(module), [half.toLowerCase()]: array });
  }
  return new Map([...halves].map(([module, { a, b }]) => [module, checked(path, module, a, b)]));
}

function checked(
  path: string,
  module: string,
  a: LowRank["a"] | undefined,
  b: LowRank["b"] | undefined,
): LowRank {
  if (a === undefined || b === undefined || a.shape[0] !== b.shape[1]) {
    const [found, other] = [a, b].map((half) => (half === undefined ? "none" : `[${half.shape.join(", ")}]`));
    throw new UserError(
      `${path}: ${module}: expected lora_A [R, I] and lora_B [O, R], found ${found} and ${other}`,
    );
  }
  return { a, b };
}

/** As PEFT matches a pattern: the whole name or, behind a point, its end. Throws a UserError for one that cannot be read. */
function modulePattern(pattern: string): RegExp {
  try {
    return linearPattern(`^(?:.*\\.)?(?:${pattern})$`, "u");
  } catch (cause) {
    const told = (cause as Error).message;
    throw new UserError(`${configName}: alpha_pattern: ${JSON.stringify(pattern)}: ${told}`, { cause });
  }
}

/** What `(x aᵀ) bᵀ` of a module is multiplied by. */
export function scaleOf(
  { alpha, rankStabilised, alphaPattern }: AdapterConfig,
  module: string,
  rank: number,
): number {
  const own = Object.entries(alphaPattern ?? {}).find(([key]) => modulePattern(key).test(module));
  return (own?.[1] ?? alpha) / (rankStabilised ? Math.sqrt(rank) : rank);
}

/** Name of a half in adapter_model.safetensors. */
export function adapterTensorName(module: string, half: "A" | "B"): string {
  return `${prefix}${module}.lora_${half}.weight`;
}
