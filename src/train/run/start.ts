/** What a run starts from: a model of which parts are trained, or one that stays as it is, with adapters on it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { askingFile } from "../../answers/asking.ts";
import { mustBe, UserError } from "../../common/errors.ts";
import type { ConstantArray, FileArray, HostArray } from "../../engine/host.ts";
import { filesByName } from "../../hub/folder.ts";
import { modelFolder } from "../../hub/net/cache.ts";
import type { Json } from "../../hub/text/tokenizer.ts";
import { filesBesideWeights } from "../../hub/weights/rewrite.ts";
import { readWeight } from "../../hub/weights/weights.ts";
import type { Batch } from "../../losses/batch.ts";
import type { WeightedLoss } from "../../losses/total.ts";
import type { ModelFamily, SaveOptions } from "../../models/contract/family.ts";
import type { VlmParams } from "../../models/contract/parts.ts";
import { decays, type Part } from "../../models/contract/roles.ts";
import type { TrainConfig } from "../config/config.ts";
import { makeNoise } from "../step/dropout.ts";
import { type LoraConfig, openAdapters } from "../step/lora.ts";
import type { BuildParams } from "../step/objective.ts";
import { type Named, split } from "../step/trees.ts";
import { type Blueprint, openBlueprint, type Words } from "./model.ts";

/** Parameters by name: those that are trained and those that are left, and what is made of their values. */
export interface Trainable {
  readonly trained: Named<HostArray>;
  readonly frozen: Named<ConstantArray>;
  /** Whether weight decay applies to one that is trained. */
  readonly decays: (name: string) => boolean;
  readonly build: BuildParams;
  /** The family's tree with these values of what is trained, to run the model with. */
  filled(trained: Named<HostArray>): VlmParams<ConstantArray>;
  /** A batch as a training step sees it; the same step always sees the same. */
  prepare(batch: Batch, step: number, micro: number): Batch;
  /** Writes the folder of the model, or of its adapter, with these values of what is trained. */
  save(folder: string, trained: Named<HostArray>, options?: Pick<SaveOptions, "replace">): Promise<void>;
  /** Values of what is trained from a folder that `save` wrote. */
  load(folder: string): Promise<Named<HostArray>>;
}

/** A run's model, and what it trains of it. */
export type Start = Blueprint & Trainable;

/** A model whose parameters are there, in memory or in files. */
export interface Opened extends Pick<Blueprint, "family" | "asking"> {
  readonly params: VlmParams<ConstantArray>;
}

/**
 * A fresh model for these words, or the folder that the config names, whole or with adapters on it.
 * `losses` are those that will be computed; `families` the user's own.
 */
export async function startModel(
  config: TrainConfig,
  words: Words,
  losses: readonly WeightedLoss[],
  families: readonly ModelFamily[] = [],
): Promise<Start> {
  const blueprint = await openBlueprint(config, words, families);
  const { lora } = config;
  return lora === undefined
    ? startWhole(config, blueprint)
    : startAdapters({ ...config, lora }, blueprint, losses);
}

async function startWhole(config: TrainConfig, blueprint: Blueprint): Promise<Start> {
  const { from } = config.model;
  const opened = { ...blueprint, params: await startParams(config, blueprint) };
  const files = async () => ({
    ...(from === null ? {} : await carriedFiles(await modelFolder(from))),
    ...filesByName(blueprint.files),
  });
  return { ...blueprint, ...(await wholeModel(opened, config.train.freeze, files)) };
}

type Files = NonNullable<SaveOptions["files"]>;

/**
 * All of a model but frozen parts. `files`: what a saved folder has beside weights and config. Throws a UserError, which
 * calls the setting `setting`, where all parts are frozen.
 */
export async function wholeModel(
  { family, asking, params }: Opened,
  freeze: readonly Part[],
  files: () => Promise<Files>,
  setting = "train: train.freeze",
): Promise<Trainable> {
  const all = family.toNamed(params) as Named<HostArray | FileArray>;
  const specs = family.namedSpecs;
  const [frozen, opened] = split(all, (name) => freeze.includes(specs[name].part));
  if (Object.keys(opened).length === 0) throw new UserError(`${setting} must leave a part to train`);
  const trained = await inMemory(opened);
  return {
    trained,
    frozen,
    decays: (name) => decays(specs[name]),
    build: (named) => family.fromNamed(named),
    filled: (values) => family.fromNamed<ConstantArray>({ ...frozen, ...values }),
    prepare: (batch) => batch,
    async save(folder, values, options = {}) {
      const params = family.fromNamed({ ...values, ...(await inMemory(frozen)) });
      const all = { ...(await files()), ...askingFile(asking) };
      return family.save(folder, params, { ...options, files: all });
    },
    async load(folder) {
      return split(family.toNamed(await family.load(folder)), (name) => Object.hasOwn(trained, name))[0];
    },
  };
}

/** What the start's folder has beside its weights and config: generation settings, vocabularies, licence. */
export async function carriedFiles(folder: string): Promise<Record<string, Uint8Array>> {
  const names = (await filesBesideWeights(folder)).filter(
    (name) => !/^config\.json$|\.index\.json$/.test(name),
  );
  const read = names.map(async (name) => [name, await readFile(join(folder, name))] as const);
  return Object.fromEntries(await Promise.all(read));
}

async function inMemory(arrays: Named<HostArray | FileArray>): Promise<Named<HostArray>> {
  const read = Object.entries(arrays).map(async ([name, array]) => [name, await readWeight(array)] as const);
  return Object.fromEntries(await Promise.all(read));
}

async function startAdapters(
  config: TrainConfig & { readonly lora: LoraConfig },
  blueprint: Blueprint,
  losses: readonly WeightedLoss[],
): Promise<Start> {
  const { from } = config.model;
  if (from === null)
    throw mustBe("train", "model.from", "a model to adapt, with lora", from, "or give --model");
  const params = await blueprint.family.open(await modelFolder(from), config.lora.weights);
  const { preprocessor } = blueprint.files;
  const { preprocessor: changes, images } = config.model;
  const isOwn = preprocessor !== undefined && Object.keys({ ...changes, ...images }).length > 0;
  const files: Readonly<Record<string, Json>> = isOwn ? { "preprocessor_config.json": preprocessor } : {};
  const opened = { ...blueprint, params };
  return { ...blueprint, ...(await adaptedModel(opened, { ...config, from, losses, files })) };
}

export interface Adapting {
  readonly lora: LoraConfig;
  /** How the adapter's folder names the model. */
  readonly from: string;
  readonly train: Pick<TrainConfig["train"], "seed">;
  /** Those that will be computed. */
  readonly losses: readonly WeightedLoss[];
  /** JSON files that a saved folder has beside the adapter. */
  readonly files?: Readonly<Record<string, Json>>;
}

/** The model stays as it is; only adapters are held and changed. */
export async function adaptedModel(
  { family, asking, params }: Opened,
  { lora, from, train, losses, files }: Adapting,
): Promise<Trainable> {
  const { modules, start, attach, added, save, load } = await openAdapters(
    { lora, from, train },
    family,
    losses,
    { ...askingFile(asking), ...files },
  );
  const inputs = Math.max(...modules.map(({ input }) => input));
  return {
    trained: start,
    frozen: family.toNamed(params),
    decays: () => true,
    build: (named, batch) =>
      attach(family.fromNamed(named), named, "adapterTokens" in batch ? batch : undefined),
    filled: (values) => added(params, values),
    prepare(batch, step, micro) {
      if (lora.dropout === 0) return batch;
      const [rows, length] = batch.inputIds.shape;
      const noise = { adapters: modules.length, batch: rows, length, inputs };
      return { ...batch, ...makeNoise(noise, [train.seed, step, micro]) };
    },
    save,
    load,
  };
}

/** What stays as it is stays in its file: programs map it from there. */
async function startParams(
  { model, train }: TrainConfig,
  { family }: Blueprint,
): Promise<VlmParams<ConstantArray>> {
  if (model.from !== null) return family.open(await modelFolder(model.from), "mapped");
  const { positionDeviation, positions } = model.vision;
  const init = { scheme: model.init, visionPositionStd: positionDeviation, visionPositions: positions };
  return family.initParams(train.seed, init);
}
