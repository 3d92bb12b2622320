/**
 * Adapters of a family's models.
 *
 *     modelParts(folder)                          -> {base, adapter?}: a model folder, or a PEFT folder's parts
 *     modelSources(source)                        -> the same, of a source
 *     readModelFiles(parts)                       -> config, tokenizer, processor
 *     loadAdapter(folder, family)                 -> low-rank changes by path, with their scales
 *     adapted(family, params, adapter)            -> the parameters with the adapter at its layers
 */
import { disk } from "#disk";
import { sourceOf } from "#source";
import { UserError } from "../../common/errors.ts";
import { float32, type HostArray } from "../../engine/host.ts";
import { type FolderFiles, readConfig, readFolderFiles } from "../../hub/folder.ts";
import type { GivenSource } from "../../hub/source/given.ts";
import type { Source } from "../../hub/source.ts";
import {
  type AdapterConfig,
  isAdapterFolder,
  type LowRank,
  readAdapterConfig,
  readAdapterTensors,
  scaleOf,
} from "../../hub/weights/peft.ts";
import type { BoundFamily } from "../contract/family.ts";
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

/** A model's files: folders by their paths, or sources. */
export interface ModelParts<S extends GivenSource = GivenSource> {
  /** The complete model. */
  readonly base: S;
  /** What is added to it, as PEFT keeps it. */
  readonly adapter?: S;
}

/** Throws a UserError where an adapter's base is not there. */
export async function modelParts(folder: string): Promise<ModelParts<string>> {
  const { base, adapter } = await modelSources(sourceOf(folder));
  return { base: base.place(), ...(adapter && { adapter: folder }) };
}

/** As {@link modelParts}, of a source; `given` is the base where an adapter's is known. */
export async function modelSources(source: Source, given?: Source): Promise<ModelParts<Source>> {
  if (!(await isAdapterFolder(source))) return { base: source };
  const { named, source: base } = given ? { named: given.place(), source: given } : await disk.baseOf(source);
  const what = `adapter ${source.place()}: its base`;
  if (await isAdapterFolder(base))
    throw new UserError(`${what} ${base.place()} is an adapter too; merge that first`);
  if ((await readConfig(base)) === undefined) {
    const hint = "put it back, or merge the adapter with fovea merge --base FOLDER";
    throw new UserError(`${what} ${named} has no config.json here; ${hint}`);
  }
  return { base, adapter: source };
}

/** The files of a model beside its weights: those of the base, but for what the adapter's folder has itself. */
export async function readModelFiles({ base, adapter }: ModelParts): Promise<FolderFiles> {
  const files = await readFolderFiles(base);
  if (adapter === undefined) return files;
  const { config: _, ...own } = await readFolderFiles(adapter);
  return { ...files, ...own };
}

/** Throws a UserError that names modules which the model does not have, or has in another size. */
export async function loadAdapter(given: GivenSource, family: BoundFamily): Promise<Adapter> {
  const source = sourceOf(given);
  const settings = await readAdapterConfig(source);
  const tensors = await readAdapterTensors(source);
  const known = new Map(adaptableModules(family).map((module) => [module.tensor, module]));
  const layers = [...tensors].map(([name, { a, b }]): AdapterLayer => {
    const module = known.get(family.currentTensorName(`${name}.weight`) ?? "");
    if (module === undefined)
      throw new UserError(`adapter ${source.place()}: the model has no linear layer ${name}`);
    const [rank, input] = a.shape;
    if (input !== module.input || b.shape[0] !== module.output) {
      const sizes = `${input} to ${b.shape[0]}`;
      throw new UserError(
        `adapter ${source.place()}: ${name} must change ${module.input} to ${module.output} features, got ${sizes}`,
      );
    }
    return { module, a, b, scale: scaleOf(settings, name, rank) };
  });
  return { config: settings, layers };
}

/** Parameters of a base, with an adapter beside the layers that it changes, if there is one. */
export async function adapted<Params extends object>(
  family: BoundFamily,
  params: Params,
  adapter: GivenSource | undefined,
): Promise<Params> {
  if (adapter === undefined) return params;
  const { layers } = await loadAdapter(adapter, family);
  const changes = layers.map(({ module, a, b, scale }) => [module.path, { a, b: times(b, scale) }] as const);
  return withAdapters(params, new Map(changes));
}

/** An array times a number. */
export function times({ shape, data }: HostArray, factor: number): HostArray<"float32"> {
  return float32(
    shape,
    (data as Float32Array).map((value) => value * factor),
  );
}
