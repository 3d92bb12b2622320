/** Opens a model's folder: parameters, tokenizer, image reader, compiled programs. */
import { sourceOf } from "#source";
import { askingOf } from "../answers/asking.ts";
import type { Asking } from "../answers/families.ts";
import { mustBe } from "../common/errors.ts";
import { type CachedFunctions, type CacheOptions, cachedFunctions } from "../engine/cached.ts";
import type { ConstantArray } from "../engine/host.ts";
import type { Machine } from "../engine/runtime/runtime.ts";
import { openText } from "../hub/folder.ts";
import type { GivenSource } from "../hub/source/given.ts";
import type { Source } from "../hub/source.ts";
import type { Chat } from "../hub/text/chat.ts";
import type { Json } from "../hub/text/tokenizer.ts";
import type { WeightForm } from "../hub/weights/weights.ts";
import { adapted, modelSources, readModelFiles } from "../models/adapter/adapter.ts";
import type { BoundFamily, ModelFacts, ModelFamily } from "../models/contract/family.ts";
import type { VlmParams } from "../models/contract/parts.ts";
import { mustBeNumbers } from "../models/forward/finite.ts";
import type { ImageReader } from "../models/inputs/images.ts";
import { familyOf } from "../models/registry.ts";

/** A model with everything that turns text and pictures into its inputs. */
export interface Vlm {
  /** How people call it: the folder's last name. */
  readonly name: string;
  /** Where its files are, as messages say it: the folder's path, an address. */
  readonly folder: string;
  /** Its architecture, with its config. */
  readonly family: BoundFamily;
  /** Parameter tree: its leaves are host arrays, or lie in files. */
  readonly params: VlmParams<ConstantArray>;
  readonly facts: ModelFacts;
  readonly chat: Chat;
  readonly reader: ImageReader;
  /** How it is asked and writes places, as its folder records or its family is published. */
  readonly asking: Asking;
  /** `repetition_penalty` of its generation_config.json; 1: none. */
  readonly repetitionPenalty: number;
  readonly programs: CachedFunctions;
}

/** What it takes to run functions of a model's parameters. */
export type Runnable = Pick<Vlm, "family" | "params" | "programs">;

/** How a model is opened, and where its programs run. */
export interface OpenOptions {
  /** Where compiled programs are kept; default: a place of its own. */
  readonly programs?: CachedFunctions;
  /** Whether the weights are read or left in their files, see `WeightForm`; default: read. */
  readonly weights?: WeightForm;
  /** Families of the caller's own, made by `defineFamily`, beside those that Fovea knows. */
  readonly families?: readonly ModelFamily[];
  /** Where its programs run, if `programs` does not say that already. */
  readonly machine?: Machine;
  /** The model that an adapter changes; default: the one that the adapter names. */
  readonly base?: GivenSource;
}

/**
 * Opens a Hugging Face folder, or a PEFT folder with its base, wherever its files are: a folder's path (in a page: an
 * address), or any `Source`. Throws a UserError that names what is missing or does not fit.
 */
export async function openVlm(
  given: GivenSource,
  {
    machine,
    programs = programCache({ machine }),
    weights = "memory",
    families,
    base: givenBase,
  }: OpenOptions = {},
): Promise<Vlm> {
  const source = sourceOf(given);
  const folder = source.place();
  const parts = await modelSources(source, givenBase === undefined ? undefined : sourceOf(givenBase));
  const { base, adapter } = parts;
  const files = await readModelFiles(parts);
  if (files.config === undefined)
    throw mustBe("model", "folder", "one with a config.json", folder, await folderHint(source));
  const path = base.place("config.json");
  const family = familyOf(files.config, path, families).read(files.config, path);
  const facts = withEnds(family.facts, files.generationConfig);
  const { imageTokenId } = facts;
  const { chat, tokenizer } = openText(files, base.place(), {
    imageTokenId,
    chatTemplate: family.chatTemplate,
  });
  const reader = family.openReader(files, tokenizer, base.place());
  const knows = (token: string) => tokenizer.tokenId(token) !== undefined;
  const asking = await askingOf(adapter === undefined ? [base] : [adapter, base], family.askedAs, knows);
  const params = await adapted(family, await family.open(base, weights, machine), adapter);
  const repetitionPenalty = penaltyOf(files.generationConfig);
  const opened = { name: source.name, folder, family, params, facts };
  return { ...opened, chat, reader, asking, repetitionPenalty, programs };
}

/** Of what somebody dropped, which folders have a model. */
async function folderHint(source: Source): Promise<string> {
  const paths = source.path === undefined ? ((await source.list()) ?? []) : [];
  const folders = paths.flatMap((path) => /^(.+)\/(?:adapter_)?config\.json$/.exec(path)?.[1] ?? []);
  if (folders.length === 0) return "name a checkpoint folder";
  const some = folders.slice(0, 5).join(", ") + (folders.length > 5 ? ", ..." : "");
  return `it has models in ${some}: open one of these, as subfolder(source, path)`;
}

/** Published models name tokens that end an answer in generation_config.json, more of them than in config.json. */
function withEnds(facts: ModelFacts, generation: Json | undefined): ModelFacts {
  const named = [generation?.eos_token_id ?? []].flat().map(Number).filter(Number.isInteger);
  return { ...facts, eosTokenIds: [...new Set([...facts.eosTokenIds, ...named])] };
}

function penaltyOf(generation: Json | undefined): number {
  const said = Number(generation?.repetition_penalty ?? 1);
  return said > 0 ? said : 1;
}

/** Programs kept at most, of all models that share them. */
const PROGRAMS = 24;

/** Programs by what they compute and for which shapes: models of one config share them. */
export function programCache(options: Omit<CacheOptions, "frozen"> = {}): CachedFunctions {
  return cachedFunctions({ limit: PROGRAMS, ...options });
}

/**
 * Runs `fn` on the model's parameters and further arguments. `kind` names what `fn` computes, with everything it
 * holds beside the model's config: the same kind is the same function. Throws a UserError that names the weights which
 * are no numbers, where the result has any that is none.
 */
export async function runOn<Out>(
  model: Runnable,
  kind: string,
  fn: (params: VlmParams, ...args: never[]) => unknown,
  args: readonly unknown[],
): Promise<Out> {
  const { programs, params, family } = model;
  const out = await programs.run<Out>(`${kind} ${configKey(model)}`, fn, [params, ...args]);
  await mustBeNumbers(out, params, family.tensorName);
  return out;
}

/** The same text for models of one config, which share programs. */
export function configKey({ family }: Pick<Vlm, "family">): string {
  return JSON.stringify(family.configToJson());
}
