/**
 * Adapters of a family's models.
 *
 *     modelParts(folder)                          -> {base, adapter?}: a model folder, or a PEFT folder's parts
 *     readModelFiles(parts)                       -> config, tokenizer, processor
 *     loadAdapter(folder, family, config)         -> low-rank changes by path, with their scales
 *     adapted(family, config, params, adapter)    -> the parameters with the adapter at its layers
 */
import { UserError } from "../../common/errors.ts";
import { float32, type HostArray } from "../../engine/host.ts";
import { type FolderFiles, readConfig, readFolderFiles } from "../../hub/folder.ts";
import { modelFolder } from "../../hub/net/cache.ts";
import {
  type AdapterConfig,
  baseOf,
  isAdapterFolder,
  type LowRank,
  readAdapterConfig,
  readAdapterTensors,
  scaleOf,
} from "../../hub/weights/peft.ts";
import type { ModelFamily } from "../contract/family.ts";
import { withAdapters } from "./attach.ts";
import { type AdaptableModule, adaptableModules } from "./modules.ts";

/** One layer's change: `(x aᵀ) bᵀ scale`. */
export interface AdapterLayer extends LowRank {
  readonly module: AdaptableModule;
  readonly scale: number;
}

export interface Adapter {
  readonly config: AdapterConfig;
  readonly layers: readonly AdapterLayer[];
}

export interface ModelParts {
  /** Folder of the complete model. */
  readonly base: string;
  /** PEFT folder of what is added to it. */
  readonly adapter?: string;
}

/** Throws a UserError where an adapter's base is not there. */
export async function modelParts(folder: string): Promise<ModelParts> {
  if (!(await isAdapterFolder(folder))) return { base: folder };
  const named = await baseOf(folder);
  const base = await modelFolder(named);
  if (await isAdapterFolder(base))
    throw new UserError(`adapter ${folder}: its base ${base} is an adapter too; merge that first`);
  if ((await readConfig(base)) === undefined) {
    const hint = "put it back, or merge the adapter with fovea merge --base FOLDER";
    throw new UserError(`adapter ${folder}: its base ${named} has no config.json here; ${hint}`);
  }
  return { base, adapter: folder };
}

/** The files of a model beside its weights: those of the base, but for what the adapter's folder has itself. */
export async function readModelFiles({ base, adapter }: ModelParts): Promise<FolderFiles> {
  const files = await readFolderFiles(base);
  if (adapter === undefined) return files;
  const { config: _, ...own } = await readFolderFiles(adapter);
  return { ...files, ...own };
}

/** Throws a UserError that names modules which the model does not have, or has in another size. */
export async function loadAdapter(folder: string, family: ModelFamily, config: unknown): Promise<Adapter> {
  const settings = await readAdapterConfig(folder);
  const tensors = await readAdapterTensors(folder);
  const known = new Map(adaptableModules(family, config).map((module) => [module.tensor, module]));
  const layers = [...tensors].map(([name, { a, b }]): AdapterLayer => {
    const module = known.get(family.currentTensorName(`${name}.weight`) ?? "");
    if (module === undefined) throw new UserError(`adapter ${folder}: the model has no linear layer ${name}`);
    const [rank, input] = a.shape;
    if (input !== module.input || b.shape[0] !== module.output) {
      const sizes = `${input} to ${b.shape[0]}`;
      throw new UserError(
        `adapter ${folder}: ${name} must change ${module.input} to ${module.output} features, got ${sizes}`,
      );
    }
    return { module, a, b, scale: scaleOf(settings, name, rank) };
  });
  return { config: settings, layers };
}

/** Parameters of `base`, with the adapter of a folder beside the layers that it changes, if there is one. */
export async function adapted<Params extends object>(
  family: ModelFamily,
  config: unknown,
  params: Params,
  folder: string | undefined,
): Promise<Params> {
  if (folder === undefined) return params;
  const { layers } = await loadAdapter(folder, family, config);
  const changes = layers.map(({ module, a, b, scale }) => [module.path, { a, b: times(b, scale) }] as const);
  return withAdapters(params, new Map(changes)) as Params;
}

/** An array times a number. */
export function times({ shape, data }: HostArray, factor: number): HostArray<"float32"> {
  return float32(
    shape,
    (data as Float32Array).map((value) => value * factor),
  );
}
