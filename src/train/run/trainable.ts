/** What is trained of a model: its parameters but for frozen parts, or adapters on it. */
import { askingFile } from "../../answers/asking.ts";
import { UserError } from "../../common/errors.ts";
import type { ConstantArray, FileArray, HostArray } from "../../engine/host.ts";
import type { ModelFolder } from "../../hub/disk/disk.ts";
import type { Json } from "../../hub/text/tokenizer.ts";
import { readWeight } from "../../hub/weights/weights.ts";
import type { Batch } from "../../losses/batch.ts";
import type { WeightedLoss } from "../../losses/total.ts";
import type { SaveOptions } from "../../models/contract/family.ts";
import type { VlmParams } from "../../models/contract/parts.ts";
import { decays, type Part } from "../../models/contract/roles.ts";
import type { Vlm } from "../../vlm/open.ts";
import type { TrainConfig } from "../config/config.ts";
import { makeNoise } from "../step/dropout.ts";
import { type LoraConfig, openAdapters } from "../step/lora.ts";
import type { BuildParams } from "../step/objective.ts";
import { type Named, split } from "../step/trees.ts";

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
  /** What `save` writes of a whole model. Throws a UserError for an adapter. */
  content(trained: Named<HostArray>): Promise<ModelFolder>;
  /** Values of what is trained from a folder that `save` wrote. */
  load(folder: string): Promise<Named<HostArray>>;
}

/** A model whose parameters are there, in memory or in files. */
export interface Opened extends Pick<Vlm, "family" | "asking"> {
  readonly params: VlmParams<ConstantArray>;
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
  const whole = async (values: Named<HostArray>) =>
    family.fromNamed({ ...values, ...(await inMemory(frozen)) });
  const beside = async () => ({ ...(await files()), ...askingFile(asking) });
  return {
    trained,
    frozen,
    decays: (name) => decays(specs[name]),
    build: (named) => family.fromNamed(named),
    filled: (values) => family.fromNamed<ConstantArray>({ ...frozen, ...values }),
    prepare: (batch) => batch,
    save: async (folder, values, options = {}) =>
      family.save(folder, await whole(values), { ...options, files: await beside() }),
    content: async (values) => family.content(await whole(values), { files: await beside() }),
    async load(folder) {
      return split(family.toNamed(await family.load(folder)), (name) => Object.hasOwn(trained, name))[0];
    },
  };
}

async function inMemory(arrays: Named<HostArray | FileArray>): Promise<Named<HostArray>> {
  const read = Object.entries(arrays).map(async ([name, array]) => [name, await readWeight(array)] as const);
  return Object.fromEntries(await Promise.all(read));
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
    content: async () => {
      throw new UserError("an adapter is written into a folder; its files are not made in memory");
    },
    load,
  };
}
