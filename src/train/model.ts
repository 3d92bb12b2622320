/** The model that a run starts from, with the tools that turn examples into batches. */
import { mustBe } from "../common/errors.ts";
import { type BatchSizes, batchSizes, type Collator, openCollator } from "../data/collate.ts";
import type { CollateTools } from "../data/encode.ts";
import type { HostArray } from "../engine/host.ts";
import { defaultChatTemplate } from "../hub/chat.ts";
import {
  type FolderFiles,
  filesByName,
  llavaProcessor,
  openPreprocessing,
  readFolderFiles,
} from "../hub/folder.ts";
import { imageProcessor, processorJson } from "../hub/processor.ts";
import { openTokenizer, requireSpecial } from "../hub/tokenizer.ts";
import { wordTokenizer } from "../hub/word-tokenizer.ts";
import type { Model, ModelFamily } from "../models/family.ts";
import { tinyLlava } from "../models/llava/tiny.ts";
import { families, familyOf } from "../models/registry.ts";
import type { TrainConfig } from "./config.ts";
import type { Source } from "./source.ts";
import type { Named } from "./trees.ts";

export interface Start {
  readonly family: ModelFamily;
  readonly config: unknown;
  /** Every parameter by the name of its tensor. */
  readonly params: Named<HostArray>;
  readonly tools: CollateTools;
  /** Writes the complete Hugging Face folder with these parameters. */
  save(folder: string, params: Named<HostArray>): Promise<void>;
}

/** A fresh model for the source's words, or the folder that the config names. */
export async function startModel(config: TrainConfig, source: Source): Promise<Start> {
  const { from } = config.model;
  return from === null ? freshModel(config, source) : modelFrom(from);
}

function freshModel({ model, train }: TrainConfig, source: Source): Start {
  const { vision, decoder } = model;
  const words = wordTokenizer(source.words);
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
  const family: ModelFamily = families.llava;
  const init = {
    scheme: model.init,
    visionPositionStd: vision.positionDeviation,
    visionPositions: vision.positions,
  };
  const files: FolderFiles = {
    tokenizer: words.tokenizer,
    tokenizerConfig: words.tokenizerConfig,
    chatTemplate: defaultChatTemplate,
    preprocessor: processorJson(imageProcessor(vision.imageSize)),
    processor: llavaProcessor({ patchSize: vision.patchSize }),
  };
  const params = family.initParams(config as never, train.seed, init as never);
  return assemble(family, { config, params }, files, "fresh model");
}

async function modelFrom(folder: string): Promise<Start> {
  const files = await readFolderFiles(folder);
  if (files.config === undefined) throw mustBe("train", "model.from", "a folder with a config.json", folder);
  const family: ModelFamily = familyOf(files.config, folder);
  const { config: _, generationConfig: __, ...beside } = files;
  return assemble(family, await family.load(folder), beside, folder);
}

function assemble(family: ModelFamily, model: Model, files: FolderFiles, path: string): Start {
  const { chat, processor } = openPreprocessing(files, path);
  const facts = family.facts(model.config as never);
  return {
    family,
    config: model.config,
    params: family.toNamed(model.params as never),
    tools: { chat, processor, facts },
    save: (folder, named) => {
      const params = family.fromNamed(model.config as never, named);
      return family.save(
        folder,
        { config: model.config, params } as never,
        { files: filesByName(files) } as never,
      );
    },
  };
}

/** Sizes that hold every batch of the run: each question as long as the longest seen. */
export function openRunCollator(config: TrainConfig, start: Start, source: Source): Collator {
  return openCollator(start.tools, runSizes(config, start, source));
}

function runSizes({ data }: TrainConfig, { tools }: Start, source: Source): BatchSizes {
  const seen = batchSizes(tools, source.sample);
  if (data.folder !== null) return seen;
  const single = batchSizes(
    tools,
    source.sample.flatMap((e) => e.questions.map((q) => ({ ...e, questions: [q] }))),
  );
  const prefix = batchSizes(
    tools,
    source.sample.slice(0, 1).map((e) => ({ ...e, questions: [] })),
  ).sequence;
  const questions = data.questionsPerImage;
  const longest = questions * (single.sequence - prefix);
  return {
    ...seen,
    questions,
    answers: Math.max(seen.answers, questions * single.answers),
    sequence: Math.max(seen.sequence, Math.min(prefix + longest, seen.sequence + 8)),
    concepts: seen.concepts,
  };
}
