/**
 * A complete Hugging Face folder: what Python's AutoProcessor, AutoTokenizer and model classes load.
 *
 *     readFolderFiles(folder | source)   -> FolderFiles: every file but the weights, JSON as it stands
 *     openText(files, path, image?)      -> {tokenizer, chat}, ready for use
 *     filesByName(files)                 -> {"config.json": ..., ...}: what a writer has to write
 *     writeModelFolder(folder, files, tensors, options)       whole or not at all (write-folder.ts)
 *     llavaProcessor({patchSize, ...})   -> processor_config.json of a LLaVA
 *
 * The weights are read by openCheckpoint (checkpoint.ts). Keys that Fovea does not know stay as they are, and
 * numbers keep their spelling (json.ts): write these objects with formatJson.
 */
import { sourceOf } from "#source";
import { mustBe, UserError } from "../common/errors.ts";
import { longestPointer } from "../common/lfs.ts";
import { joinPlace } from "../common/place.ts";
import type { GivenSource } from "./source/given.ts";
import type { Source } from "./source.ts";
import { type Chat, openChat } from "./text/chat.ts";
import { type Json, openTokenizer, type TextTokenizer } from "./text/tokenizer.ts";

/** The files beside the weights. What a folder lacks is undefined. */
export interface FolderFiles {
  /** config.json */
  readonly config?: Json;
  /** generation_config.json */
  readonly generationConfig?: Json;
  /** tokenizer.json */
  readonly tokenizer?: Json;
  /** tokenizer_config.json, without its chat template */
  readonly tokenizerConfig?: Json;
  /** special_tokens_map.json */
  readonly specialTokensMap?: Json;
  /** chat_template.jinja, or where else a folder keeps it: see `readTemplate` */
  readonly chatTemplate?: string;
  /** preprocessor_config.json, or `image_processor` of processor_config.json */
  readonly preprocessor?: Json;
  /** processor_config.json, without `image_processor` and its chat template */
  readonly processor?: Json;
}

/** Throws a UserError that names a file which is not readable JSON. Missing files are left out. */
export async function readFolderFiles(given: GivenSource): Promise<FolderFiles> {
  const source = sourceOf(given);
  await refusePointer(source, "tokenizer.model");
  const tokenizerConfig = await source.json("tokenizer_config.json");
  const processor = await source.json("processor_config.json");
  const nested = processor?.image_processor as Json | undefined;
  return present({
    config: await readConfig(source),
    generationConfig: await source.json("generation_config.json"),
    tokenizer: await source.json("tokenizer.json"),
    tokenizerConfig: without(tokenizerConfig, "chat_template"),
    specialTokensMap: await source.json("special_tokens_map.json"),
    chatTemplate: await readTemplate(source, processor, tokenizerConfig),
    preprocessor: nested ?? (await source.json("preprocessor_config.json")),
    processor: without(without(processor, "image_processor"), "chat_template"),
  });
}

/** A file that is not read here; but a folder that has a tokenizer.model may have nothing else. */
async function refusePointer(source: Source, path: string): Promise<void> {
  const size = await source.size(path);
  if (size !== undefined && size <= longestPointer) await source.text(path);
}

/**
 * The chat template that Python's processor of `transformers` 5.24 takes, wherever else there is one too:
 * processor_config.json before chat_template.json (the older file hides the newer), chat_template.jinja, and the
 * `default` of additional_chat_templates. Where it has none of its own, the tokenizer's.
 */
async function readTemplate(
  source: Source,
  processor: Json | undefined,
  tokenizerConfig: Json | undefined,
): Promise<string | undefined> {
  return (
    templateText(processor?.chat_template) ??
    templateText((await source.json("chat_template.json"))?.chat_template) ??
    (await source.text("chat_template.jinja")) ??
    (await source.text("additional_chat_templates/default.jinja")) ??
    templateText(tokenizerConfig?.chat_template)
  );
}

/** config.json alone: tokenizers are large. */
export function readConfig(given: GivenSource): Promise<Json | undefined> {
  return sourceOf(given).json("config.json");
}

/** Tools that turn text into a model's inputs. */
export interface TextTools {
  readonly tokenizer: TextTokenizer;
  readonly chat: Chat;
}

export interface TextDefaults {
  /** The config's, where the tokenizer's files do not tell. */
  readonly imageTokenId?: number;
  /** The chat template of a folder that has none; absent: LLaVA-1.5's. */
  readonly chatTemplate?: string;
}

/** Throws a UserError that names the file which is missing. */
export function openText(
  files: FolderFiles,
  path = "model folder",
  { imageTokenId, chatTemplate }: TextDefaults = {},
): TextTools {
  const need = <T>(value: T | undefined, name: string): T => {
    if (value === undefined) throw new UserError(`${path}: expected a file ${name}, found none`);
    return value;
  };
  const tokenizer = openTokenizer({
    tokenizer: need(files.tokenizer, "tokenizer.json"),
    tokenizerConfig: need(files.tokenizerConfig, "tokenizer_config.json"),
  });
  return { tokenizer, chat: openChat(tokenizer, files.chatTemplate ?? chatTemplate, imageTokenId) };
}

/**
 * What preprocesses images: preprocessor_config.json as it stands. Throws a UserError where the folder has none, or one
 * with fields that once were for Fovea alone: Python would see other pictures than the model was trained on.
 */
export function requirePreprocessor({ preprocessor }: FolderFiles, path: string): Json {
  if (preprocessor === undefined)
    throw new UserError(`${path}: expected a file preprocessor_config.json, found none`);
  if (preprocessor.fovea !== undefined)
    throw mustBe(
      joinPlace(path, "preprocessor_config.json"),
      "fovea",
      "left out",
      preprocessor.fovea,
      oldSize,
    );
  return preprocessor;
}

const oldSize = "sizes are set by the processor's own fields now, which Python reads too; train again";

/**
 * Each file's content by its name: a text, or an object to be written as JSON. The image processor is written
 * twice: processor_config.json holds it for transformers 5, preprocessor_config.json for everything older.
 */
export function filesByName(files: FolderFiles): Record<string, string | Json> {
  const { preprocessor, processor } = files;
  const image = preprocessor === undefined ? {} : { image_processor: preprocessor };
  return present({
    "config.json": files.config,
    "generation_config.json": files.generationConfig,
    "tokenizer.json": files.tokenizer,
    "tokenizer_config.json": files.tokenizerConfig,
    "special_tokens_map.json": files.specialTokensMap,
    "chat_template.jinja": files.chatTemplate,
    "preprocessor_config.json": preprocessor,
    "processor_config.json": processor === undefined ? undefined : { ...processor, ...image },
  });
}

/**
 * processor_config.json of a LLaVA: from it Python's LlavaProcessor counts the image tokens.
 */
export function llavaProcessor(options: {
  readonly patchSize: number;
  /** "default" drops the class token, "full" keeps it: `vision_feature_select_strategy` of config.json. */
  readonly select?: "default" | "full";
  readonly imageToken?: string;
  /** Tokens that the vision tower puts before its patches: CLIP's one [default], none of SigLIP. */
  readonly classTokens?: 0 | 1;
}): Json {
  return {
    processor_class: "LlavaProcessor",
    image_token: options.imageToken ?? "<image>",
    num_additional_image_tokens: options.classTokens ?? 1,
    patch_size: options.patchSize,
    vision_feature_select_strategy: options.select ?? "default",
  };
}

/** A template is a text, or the default one of a list or a record with names. */
function templateText(value: unknown): string | undefined {
  if (Array.isArray(value)) return templateText(value.find((item) => item?.name === "default")?.template);
  if (typeof value === "object" && value !== null && "default" in value) return templateText(value.default);
  return typeof value === "string" ? value : undefined;
}

function without(json: Json | undefined, key: string): Json | undefined {
  const { [key]: _, ...rest } = json ?? {};
  return json === undefined ? undefined : rest;
}

/** The record without its undefined members. */
function present<T extends object>(record: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(record).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}
