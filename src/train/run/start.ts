/** What a run starts from: a model of which parts are trained, or one that stays as it is, with adapters on it. */
import { disk } from "#disk";
import { mustBe } from "../../common/errors.ts";
import type { ConstantArray } from "../../engine/host.ts";
import { filesByName } from "../../hub/folder.ts";
import { modelFolder } from "../../hub/net/cache.ts";
import type { Json } from "../../hub/text/tokenizer.ts";
import type { WeightedLoss } from "../../losses/total.ts";
import type { ModelFamily } from "../../models/contract/family.ts";
import type { VlmParams } from "../../models/contract/parts.ts";
import type { TrainConfig } from "../config/config.ts";
import type { LoraConfig } from "../step/lora.ts";
import { type Blueprint, openBlueprint, type Words } from "./model.ts";
import { adaptedModel, type Trainable, wholeModel } from "./trainable.ts";

/** A run's model, and what it trains of it. */
export type Start = Blueprint & Trainable;

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
    ...(from === null ? {} : await disk.filesBeside(await modelFolder(from))),
    ...filesByName(blueprint.files),
  });
  return { ...blueprint, ...(await wholeModel(opened, config.train.freeze, files)) };
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
