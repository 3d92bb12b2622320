import { basename, join } from "node:path";
import { mustBe } from "../common/errors.ts";
import type { ImageGeometry, RgbImage } from "../common/image.ts";
import { type CompiledProgram, compile } from "../engine/compile.ts";
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

/** Compiled programs by what they compute and for which shapes: models of one config share them. */
export interface Programs {
  /** Compiles at the first call with a key and returns that program ever after. */
  get<Out>(
    key: string,
    fn: Parameters<typeof compile>[0],
    example: readonly unknown[],
  ): Promise<CompiledProgram<Out>>;
}

export function programCache(): Programs {
  const known = new Map<string, Promise<CompiledProgram<unknown>>>();
  return {
    get<Out>(key: string, fn: Parameters<typeof compile>[0], example: readonly unknown[]) {
      const found = known.get(key) ?? compile(fn, example);
      known.set(key, found);
      return found as Promise<CompiledProgram<Out>>;
    },
  };
}

/** Runs `fn` on the model's parameters and further arguments, compiled once for each `kind` and shapes. */
export async function runOn<Out>(
  model: Vlm,
  kind: string,
  fn: (params: never, ...args: never[]) => unknown,
  args: readonly unknown[],
): Promise<Out> {
  const shapes = JSON.stringify(args, (_, value) => (isHostArray(value) ? value.shape : value));
  const config = JSON.stringify(model.family.configToJson(model.config as never));
  const traced = fn as unknown as Parameters<typeof compile>[0];
  const example = [model.params, ...args];
  const program = await model.programs.get<Out>(`${kind} ${shapes} ${config}`, traced, example);
  return program.run(...example);
}

function isHostArray(value: unknown): value is HostArray {
  return typeof value === "object" && value !== null && "dtype" in value && "shape" in value;
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
