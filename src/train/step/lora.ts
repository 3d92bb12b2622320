/** Low-rank adapters as what a run trains: which layers have one, how they start, and what they are saved as. */
import { disk } from "#disk";
import { mustBe, UserError } from "../../common/errors.ts";
import { mapValues } from "../../common/map-values.ts";
import { random } from "../../common/random.ts";
import { type NdArray, np } from "../../engine/array.ts";
import { float32, type HostArray } from "../../engine/host.ts";
import type { Json } from "../../hub/text/tokenizer.ts";
import { type AdapterConfig, adapterTensorName, scaleOf } from "../../hub/weights/peft.ts";
import type { WeightedLoss } from "../../losses/total.ts";
import { loadAdapter, times } from "../../models/adapter/adapter.ts";
import { withAdapters } from "../../models/adapter/attach.ts";
import {
  type AdaptableModule,
  adaptableModules,
  matching,
  targetModules,
} from "../../models/adapter/modules.ts";
import type { BoundFamily } from "../../models/contract/family.ts";
import type { Part } from "../../models/contract/roles.ts";
import type { TapName } from "../../models/contract/taps.ts";
import type { LoraParams } from "../../nn/linear.ts";
import type { TrainConfig } from "../config/config.ts";
import { dropoutMask, type Noise } from "./dropout.ts";
import type { Named } from "./trees.ts";

export type LoraConfig = NonNullable<TrainConfig["lora"]>;

/** The adapters of a run. */
export interface RunAdapters {
  readonly modules: readonly AdaptableModule[];
  /** a and b of every module at the start, by PEFT's names: the model begins as it was. */
  readonly start: Named<HostArray>;
  /** The family's tree with adapters, from leaves by name; `noise` drops inputs. Runs under a trace. */
  attach<P extends object>(params: P, named: Named<NdArray>, noise: Noise<NdArray> | undefined): P;
  /** The same of values in memory, to run the model with. */
  added<P extends object>(params: P, trained: Named<HostArray>): P;
  /** Writes a PEFT folder; one that is there is replaced. */
  save(folder: string, trained: Named<HostArray>): Promise<void>;
  /** The leaves of a PEFT folder of the same modules and rank. */
  load(folder: string): Promise<Named<HostArray>>;
}

/**
 * `files`: JSON files that a saved folder has beside the adapter. Throws a UserError where targets name no layer, or
 * leave out one that a loss can only work through.
 */
export async function openAdapters(
  {
    lora,
    from,
    train,
  }: {
    readonly lora: LoraConfig;
    readonly from: string;
    readonly train: Pick<TrainConfig["train"], "seed">;
  },
  family: BoundFamily,
  losses: readonly WeightedLoss[],
  files: Readonly<Record<string, Json>>,
): Promise<RunAdapters> {
  const all = adaptableModules(family);
  const modules = chooseModules(lora, all);
  checkAttention(modules, all, losses);
  const settings: AdapterConfig = {
    rank: lora.rank,
    alpha: lora.alpha,
    dropout: lora.dropout,
    rankStabilised: lora.rankStabilised,
    targets: targetModules(modules, all),
    ...(await hubBase(from)),
  };
  const start = Object.fromEntries(modules.flatMap((module) => startOf(module, lora.rank, train.seed)));
  return {
    modules,
    start,
    attach: (params, named, noise) => {
      const changes = modules.map(
        (module, m) => [module.path, lowRank(settings, module, m, named, noise)] as const,
      );
      return withAdapters(params, new Map(changes));
    },
    added(params, trained) {
      const changes = modules.map(({ name, path }) => {
        const [a, b] = [trained[adapterTensorName(name, "A")], trained[adapterTensorName(name, "B")]];
        return [path, { a, b: times(b, scaleOf(settings, name, settings.rank)) }] as const;
      });
      return withAdapters(params, new Map(changes));
    },
    save(folder, trained) {
      const tensors = new Map(Object.entries(trained));
      return disk.writeAdapter(folder, { config: settings, from, tensors, files });
    },
    async load(folder) {
      const { layers } = await loadAdapter(folder, family);
      const found = new Map(layers.flatMap(({ module, a, b }) => namedHalves<HostArray>(module, a, b)));
      return mapValues(start, (_, name) => {
        const leaf = found.get(name);
        if (leaf === undefined)
          throw new UserError(`adapter ${folder}: expected a tensor ${name}, found none`);
        return leaf;
      }); // In the order of the start: sums over all leaves are then the same to the last bit.
    },
  };
}

function namedHalves<A>({ name }: AdaptableModule, a: A, b: A): [string, A][] {
  return [
    [adapterTensorName(name, "A"), a],
    [adapterTensorName(name, "B"), b],
  ];
}

function lowRank(
  settings: AdapterConfig,
  { name, input }: AdaptableModule,
  index: number,
  named: Named<NdArray>,
  noise: Noise<NdArray> | undefined,
): LoraParams {
  const [a, b] = [named[adapterTensorName(name, "A")], named[adapterTensorName(name, "B")]];
  const scaled = np.multiply(b, scaleOf(settings, name, settings.rank));
  if (noise === undefined) return { a, b: scaled };
  return { a, b: scaled, mask: dropoutMask(noise, index, input, settings.dropout) };
}

/** As PEFT draws them: a uniform within 1 / sqrt(inputs), b zero. */
function startOf(module: AdaptableModule, rank: number, seed: number): [string, HostArray][] {
  const a = float32([rank, module.input]);
  const source = random(seed, adapterTensorName(module.name, "A"));
  const bound = module.input ** -0.5;
  for (let i = 0; i < a.data.length; i++) a.data[i] = bound * (2 * source.uniform() - 1);
  return namedHalves<HostArray>(module, a, float32([module.output, rank]));
}

function chooseModules({ targets, parts }: LoraConfig, all: readonly AdaptableModule[]): AdaptableModule[] {
  const inScope = all.filter(({ part }) => (parts as readonly Part[]).includes(part));
  const chosen = new Set<AdaptableModule>();
  for (const target of targets) {
    const found = matching(inScope, target === "all-linear" ? "*" : target);
    if (found.length === 0) {
      const ends = [...new Set(inScope.map(({ name }) => name.slice(name.lastIndexOf(".") + 1)))];
      const rule = `all-linear or names of layers in ${parts.join(", ")} (${ends.join(", ")})`;
      throw mustBe("train", "lora.targets", rule, target);
    }
    for (const module of found) chosen.add(module);
  }
  return inScope.filter((module) => chosen.has(module));
}

/** Attention follows from queries and keys alone: a loss on it can move nothing else. */
function checkAttention(
  chosen: readonly AdaptableModule[],
  all: readonly AdaptableModule[],
  losses: readonly WeightedLoss[],
): void {
  const taps: readonly TapName[] = ["attentions", "attentionRows", "imageLogAttentionRows"];
  const loss = losses.find(({ needs }) => needs.taps.some((tap) => taps.includes(tap)));
  if (loss === undefined) return;
  const names = new Set(chosen.map(({ name }) => name));
  const missing = all.filter(
    ({ part, place, name }) =>
      part === "decoder" && (place === "query" || place === "key") && !names.has(name),
  );
  if (missing.length === 0) return;
  const [{ name }] = missing;
  throw new UserError(
    `train: lora.targets must include q_proj and k_proj of every decoder layer with the loss ${loss.name}, ` +
      `got targets without ${missing.length} of them (${name}); ` +
      "it teaches where attention goes, which queries and keys decide",
  );
}

/** What adapter_config.json says of a base on the hub; a folder is named when the adapter's own folder is known. */
async function hubBase(from: string): Promise<Pick<AdapterConfig, "base" | "revision">> {
  const ref = await disk.hubModel(from);
  if (ref === undefined) return { base: null, revision: null };
  return { base: ref.name, revision: ref.revision === "main" ? null : ref.revision };
}
