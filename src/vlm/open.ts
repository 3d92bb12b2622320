import { join } from "node:path";
import { askingOf } from "../answers/asking.ts";
import type { Asking } from "../answers/families.ts";
import { mustBe } from "../common/errors.ts";
import type { RgbImage } from "../common/image.ts";
import { type CachedProgram, type CacheOptions, cached } from "../engine/cached.ts";
import { float32, type HostArray } from "../engine/host.ts";
import { modelName } from "../hub/cache.ts";
import { type Chat, type PromptParts, promptParts } from "../hub/chat.ts";
import { openText } from "../hub/folder.ts";
import type { WeightForm } from "../hub/weights.ts";
import { adapted, modelParts, readModelFiles } from "../models/adapter/adapter.ts";
import type { ModelFacts, ModelFamily } from "../models/family.ts";
import { type ImageReader, layoutOf, type SeenImage } from "../models/images.ts";
import type { ImageLayout } from "../models/inputs.ts";
import { familyOf } from "../models/registry.ts";

/** A model with everything that turns text and pictures into its inputs. */
export interface Vlm {
  /** How people call it: the folder's last name. */
  readonly name: string;
  readonly folder: string;
  readonly family: ModelFamily;
  readonly config: unknown;
  /** Parameter tree: its leaves are host arrays, or lie in files. */
  readonly params: unknown;
  readonly facts: ModelFacts;
  readonly chat: Chat;
  readonly reader: ImageReader;
  /** How it is asked and writes places, as its folder records or its family is published. */
  readonly asking: Asking;
  readonly programs: Programs;
}

/** What it takes to run functions of a model's parameters. */
export type Runnable = Pick<Vlm, "family" | "config" | "params" | "programs">;

/**
 * Loads a Hugging Face folder, or a PEFT folder with its base, the weights read or left in their files (see
 * {@link WeightForm}); throws a UserError that names what is missing or does not fit.
 */
export async function openVlm(
  folder: string,
  programs: Programs = programCache(),
  weights: WeightForm = "memory",
): Promise<Vlm> {
  const parts = await modelParts(folder);
  const { base, adapter } = parts;
  const files = await readModelFiles(parts);
  if (files.config === undefined)
    throw mustBe("model", "folder", "one with a config.json", folder, "name a checkpoint folder");
  const path = join(base, "config.json");
  const family: ModelFamily = familyOf(files.config, path);
  const config = family.parseConfig(files.config, path);
  const facts = family.facts(config as never);
  const { imageTokenId } = facts;
  const { chat, tokenizer } = openText(files, base, { imageTokenId, chatTemplate: family.chatTemplate });
  const reader = family.openReader(config as never, files, tokenizer, base);
  const knows = (token: string) => tokenizer.tokenId(token) !== undefined;
  const asking = await askingOf(adapter === undefined ? [base] : [adapter, base], facts.modelType, knows);
  const loaded = await family.open(base, weights);
  const params = await adapted(family, config, loaded.params as object, adapter);
  return { name: modelName(folder), folder, family, config, params, facts, chat, reader, asking, programs };
}

/** Programs by what they compute, each compiled for the shapes it meets: models of one config share them. */
export interface Programs {
  /** The program of a key, made of `fn` at the first call with it. */
  get<Out>(key: string, fn: Parameters<typeof cached>[0]): CachedProgram<Out>;
}

export function programCache(options: Omit<CacheOptions, "frozen"> = {}): Programs {
  const known = new Map<string, CachedProgram<unknown>>();
  return {
    get<Out>(key: string, fn: Parameters<typeof cached>[0]) {
      const found = known.get(key) ?? cached(fn, { limit: 16, ...options });
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
  model: Runnable,
  kind: string,
  fn: (params: never, ...args: never[]) => unknown,
  args: readonly unknown[],
): Promise<Out> {
  const config = JSON.stringify(model.family.configToJson(model.config as never));
  const program = model.programs.get<Out>(`${kind} ${config}`, fn as Parameters<typeof cached>[0]);
  return program.run(model.params, ...args);
}

/** A question about an image, ready for the model. */
export interface Prompt extends PromptParts {
  readonly seen: SeenImage;
  /** Places of the image's tokens in the prefix. */
  readonly layout: ImageLayout;
}

/** One image and a question (none: only the image) as the model sees them. Throws a UserError. */
export function promptOf({ chat, reader, facts }: Vlm, image: RgbImage, question = ""): Prompt {
  const seen = reader.see(image);
  const parts = promptParts(chat, { question, images: [seen.ids] });
  return { ...parts, seen, layout: layoutOf(parts.prefix, facts.imageTokenId, [seen]) };
}

/**
 * Pixel values of images, stacked along their first axis; up to `count` images of the first one's size, the rest
 * black.
 */
export function stackPixels(images: readonly SeenImage[], count = images.length): HostArray<"float32"> {
  const [own, ...rest] = images[0].pixelValues.shape;
  const missing = (count - images.length) * own;
  const rows = images.reduce((sum, { pixelValues }) => sum + pixelValues.shape[0], missing);
  const all = float32([rows, ...rest]);
  let at = 0;
  for (const { pixelValues } of images) {
    all.data.set(pixelValues.data, at);
    at += pixelValues.data.length;
  }
  return all;
}
