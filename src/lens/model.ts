import { basename, join } from "node:path";
import { mustBe } from "../common/errors.ts";
import type { ImageGeometry, RgbImage } from "../common/image.ts";
import { type CachedProgram, cached } from "../engine/cached.ts";
import type { HostArray } from "../engine/host.ts";
import type { Chat } from "../hub/chat.ts";
import { openPreprocessing, readFolderFiles } from "../hub/folder.ts";
import { type ImageProcessor, processImage } from "../hub/processor.ts";
import type { ModelFacts, ModelFamily } from "../models/family.ts";
import { familyOf } from "../models/registry.ts";

/** A model with everything that turns text and pictures into its inputs. */
export interface Vlm {
  /** How people call it: the folder's last name. */
  readonly name: string;
  readonly folder: string;
  readonly family: ModelFamily;
  readonly config: unknown;
  /** Parameter tree with host arrays as leaves. */
  readonly params: unknown;
  readonly facts: ModelFacts;
  readonly chat: Chat;
  readonly processor: ImageProcessor;
  readonly programs: Programs;
}

/** Loads a Hugging Face folder; throws a UserError that names what is missing or does not fit. */
export async function openVlm(folder: string, programs: Programs = programCache()): Promise<Vlm> {
  const files = await readFolderFiles(folder);
  if (files.config === undefined)
    throw mustBe("model", "folder", "one with a config.json", folder, "name a checkpoint folder");
  const family: ModelFamily = familyOf(files.config, join(folder, "config.json"));
  const { chat, processor } = openPreprocessing(files, folder);
  const { config, params } = await family.load(folder);
  const facts = family.facts(config as never);
  return { name: basename(folder), folder, family, config, params, facts, chat, processor, programs };
}

/** Programs by what they compute, each compiled for the shapes it meets: models of one config share them. */
export interface Programs {
  /** The program of a key, made of `fn` at the first call with it. */
  get<Out>(key: string, fn: Parameters<typeof cached>[0]): CachedProgram<Out>;
}

export function programCache(): Programs {
  const known = new Map<string, CachedProgram<unknown>>();
  return {
    get<Out>(key: string, fn: Parameters<typeof cached>[0]) {
      const found = known.get(key) ?? cached(fn, { limit: 16 });
      known.set(key, found);
      return found as CachedProgram<Out>;
    },
  };
}

/**
 * Runs `fn` on the model's parameters and further arguments. `kind` names what `fn` computes, with everything it
 * holds beside the model's config: the same kind is the same function.
 */
export async function runOn<Out>(
  model: Vlm,
  kind: string,
  fn: (params: never, ...args: never[]) => unknown,
  args: readonly unknown[],
): Promise<Out> {
  const config = JSON.stringify(model.family.configToJson(model.config as never));
  const program = model.programs.get<Out>(`${kind} ${config}`, fn as Parameters<typeof cached>[0]);
  return program.run(model.params, ...args);
}

/** One image as the model sees it. Throws a UserError when the processor and the config disagree. */
export function seeImage(
  model: Vlm,
  image: RgbImage,
): { pixelValues: HostArray<"float32">; geometry: ImageGeometry } {
  const { grid, patchSize, imageSize } = model.facts;
  const seen = processImage(image, model.processor, patchSize);
  const { rows, columns } = seen.geometry.grid;
  if (rows === grid.rows && columns === grid.columns) return seen;
  const { width, height } = seen.geometry.processed;
  throw mustBe(
    `model ${model.name}`,
    "preprocessor_config.json",
    `for images of ${imageSize} x ${imageSize} pixels, as config.json says`,
    `${width} x ${height}`,
  );
}
