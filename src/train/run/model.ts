/** The model that a run starts from, with the tools that turn examples into batches. */
import { trainedAsking } from "../../answers/asking.ts";
import type { Asking } from "../../answers/families.ts";
import { mustBe } from "../../common/errors.ts";
import type { CollateTools } from "../../data/encode.ts";
import {
  type FolderFiles,
  llavaProcessor,
  openText,
  readFolderFiles,
  requirePreprocessor,
} from "../../hub/folder.ts";
import { modelFolder } from "../../hub/net/cache.ts";
import { defaultChatTemplate } from "../../hub/text/chat.ts";
import { openTokenizer, requireSpecial } from "../../hub/text/tokenizer.ts";
import { wordTokenizer } from "../../hub/text/word-tokenizer.ts";
import { isAdapterFolder } from "../../hub/weights/peft.ts";
import type { BoundFamily, ModelFamily } from "../../models/contract/family.ts";
import { imageProcessor, processorJson } from "../../models/inputs/square-settings.ts";
import { llava } from "../../models/llava/family.ts";
import { tinyLlava } from "../../models/llava/tiny.ts";
import { familyOf } from "../../models/registry.ts";
import type { TrainConfig } from "../config/config.ts";

/** A model without its parameters: all that preparing batches needs. */
export interface Blueprint {
  readonly family: BoundFamily;
  readonly tools: CollateTools;
  readonly files: FolderFiles;
  /** How the trained model will be asked, which its folder records. */
  readonly asking: Asking;
}

/** Every text that a fresh model's tokenizer must know; not asked for where a model has one. */
export type Words = () => readonly string[] | Promise<readonly string[]>;

/**
 * Config, tokenizer and image processor, fresh or from the folder that the config names. `families`: the user's own, see
 * {@link customFamilies}.
 */
export async function openBlueprint(
  config: TrainConfig,
  words: Words,
  families: readonly ModelFamily[] = [],
): Promise<Blueprint> {
  const { from } = config.model;
  return from === null
    ? freshBlueprint(config, await words())
    : blueprintFrom(await modelFolder(from), config.model, families);
}

function freshBlueprint({ model }: TrainConfig, texts: readonly string[]): Promise<Blueprint> {
  const { vision, decoder } = model;
  const words = wordTokenizer(texts);
  const tokenizer = openTokenizer(words);
  const config = tinyLlava({
    vocabSize: tokenizer.vocabSize,
    imageTokenId: requireSpecial(tokenizer, "image"),
    bosTokenId: requireSpecial(tokenizer, "bos"),
    eosTokenId: requireSpecial(tokenizer, "eos"),
    padTokenId: requireSpecial(tokenizer, "pad"),
    vision,
    decoder,
  });
  const files: FolderFiles = {
    tokenizer: words.tokenizer,
    tokenizerConfig: words.tokenizerConfig,
    chatTemplate: defaultChatTemplate,
    preprocessor: processorJson(imageProcessor(vision.imageSize)),
    processor: llavaProcessor({ patchSize: vision.patchSize }),
  };
  return assemble(llava.bind(config), files);
}

async function blueprintFrom(
  folder: string,
  { preprocessor: changes, images }: Pick<TrainConfig["model"], "preprocessor" | "images">,
  own: readonly ModelFamily[],
): Promise<Blueprint> {
  if (await isAdapterFolder(folder))
    throw mustBe("train", "model.from", "a complete model", folder, "fovea merge makes one of an adapter");
  const { config, generationConfig: _, ...files } = await readFolderFiles(folder);
  if (config === undefined) throw mustBe("train", "model.from", "a folder with a config.json", folder);
  const family = familyOf(config, folder, own).read(config, folder);
  const preprocessor = family.limitSize({ ...requirePreprocessor(files, folder), ...changes }, images);
  return assemble(family, { ...files, preprocessor }, folder);
}

/** `from`: the folder that it starts from; a fresh model without one. */
async function assemble(family: BoundFamily, files: FolderFiles, from?: string): Promise<Blueprint> {
  const { askedAs, chatTemplate } = family;
  const { imageTokenId } = family.facts;
  const path = from ?? "fresh model";
  const { chat, tokenizer } = openText(files, path, { imageTokenId, chatTemplate });
  const reader = family.openReader(files, tokenizer, path);
  const asking = await trainedAsking(from, askedAs, (token) => tokenizer.tokenId(token) !== undefined);
  return { family, files, asking, tools: { chat, reader, family, asking } };
}
