/** The language half of a new LLaVA: a language model, alone or inside any VLM that Fovea opens. */
import { mustBe, UserError } from "../../common/errors.ts";
import { type FolderFiles, openText } from "../../hub/folder.ts";
import { defaultChatTemplate, imageTokensIn } from "../../hub/text/chat.ts";
import type { Json } from "../../hub/text/tokenizer.ts";
import { withSpecialToken } from "../../hub/text/tokenizer-edit.ts";
import { mapTree } from "../../nn/init.ts";
import { isPartSpec } from "../contract/roles.ts";
import { standaloneType, standaloneTypes, type TextConfig, textFields } from "../decoder/text-config.ts";
import { tensorName } from "../llava/names.ts";
import { jsonOf, type OpenHalf } from "./half.ts";

export interface LanguageHalf {
  readonly half: OpenHalf;
  /** `text_config` of the LLaVA. */
  readonly config: Json;
  readonly imageTokenId: number;
  readonly imageToken: string;
  /** Tokenizer, template and generation settings, with a token for images. */
  readonly files: FolderFiles;
  /** The LLaVA's name of a stored tensor; null for one that is not the decoder's. */
  readonly nameOf: (stored: string) => string | null;
}

/** Throws a UserError for a model that is neither. */
export function languageHalf(half: OpenHalf, chatTemplate: string | undefined): LanguageHalf {
  const { family, modelType, configPath } = half;
  const known = standaloneTypes.includes(modelType);
  if (family === undefined && !known)
    throw mustBe(
      configPath,
      "model_type",
      `one of ${standaloneTypes.join(", ")} or that of a VLM`,
      modelType,
    );
  const decoder = family === undefined ? alone(half) : inFamily(half);
  return { half, ...decoder, ...withImageToken(half, decoder.imageTokenId, chatTemplate) };
}

function alone({ config, publishedName = (stored) => stored }: OpenHalf) {
  const tied = config.tie_word_embeddings === true;
  return {
    config,
    imageTokenId: undefined,
    nameOf: (stored: string) => {
      const name = `language_model.${publishedName(stored)}`;
      return /\.inv_freq$/.test(stored) || (tied && name === tensorName("lmHead.weight")) ? null : name;
    },
  };
}

function inFamily({ family }: OpenHalf) {
  if (family === undefined) throw new TypeError("build: no family");
  const config = family.config as { readonly textConfig: TextConfig };
  const names = new Map<string, string>();
  mapTree(family.specs, isPartSpec, ({ part }, path) => {
    if (part === "decoder" || part === "embeddings") names.set(family.tensorName(path), tensorName(path));
  });
  return {
    config: jsonOf(textFields(withPlainPositions(config.textConfig))),
    imageTokenId: family.facts.imageTokenId,
    nameOf: (stored: string) => names.get(family.currentTensorName(stored) ?? "") ?? null,
  };
}

/**
 * Qwen's VLMs turn queries and keys by place in time, row and column; in a LLaVA the three are the same number, and this is
 * the turn of the language model that they came from.
 */
function withPlainPositions(text: TextConfig): TextConfig {
  const { mropeSection: _, mropeInterleaved: __, ...rope } = text.rope;
  return { ...text, modelType: standaloneType(text), rope } as TextConfig;
}

const usualToken = "<image>";

/**
 * The half's own token for images and its own template, where that writes the token; otherwise `<image>`, made where the
 * tokenizer has none, and a template that suits the language model.
 */
function withImageToken({ files, folder }: OpenHalf, ownId: number | undefined, given: string | undefined) {
  const { tokenizer, tokenizerConfig } = files;
  if (tokenizer === undefined || tokenizerConfig === undefined)
    throw new UserError(`${folder}: expected tokenizer.json and tokenizer_config.json, found none`);
  const kept = ownId === undefined ? undefined : openText(files, folder).tokenizer.token(ownId);
  const imageToken = kept ?? usualToken;
  const edited = withSpecialToken({ tokenizer, tokenizerConfig }, imageToken);
  const ownTemplate = writesImage(files, folder, edited.id) ? files.chatTemplate : undefined;
  return {
    imageToken,
    imageTokenId: edited.id,
    files: {
      ...files,
      config: undefined,
      tokenizer: edited.files.tokenizer,
      tokenizerConfig: namingImage(edited.files.tokenizerConfig, imageToken),
      chatTemplate: given ?? ownTemplate ?? templateFor(files.chatTemplate, imageToken),
    },
  };
}

/** Whether the folder's own template writes one image token for an image. */
function writesImage(files: FolderFiles, folder: string, imageTokenId: number): boolean {
  if (files.chatTemplate === undefined) return false;
  try {
    const { chat } = openText(files, folder, { imageTokenId });
    const content = [{ type: "image" }, { type: "text", text: "What is this?" }] as const;
    return imageTokensIn(chat, [{ role: "user", content }]) === 1;
  } catch {
    return false; // A template of a language model that refuses images.
  }
}

function namingImage(tokenizerConfig: Json, imageToken: string): Json {
  const extra = tokenizerConfig.extra_special_tokens;
  const isNamed = typeof extra === "object" && extra !== null && !Array.isArray(extra);
  return {
    ...tokenizerConfig,
    ...(isNamed && { extra_special_tokens: { ...extra, image_token: imageToken } }),
    image_token: imageToken,
    processor_class: "LlavaProcessor",
  };
}

/** Of a language model's own template only the kind is known to survive images: ChatML, or LLaVA's. */
function templateFor(own: string | undefined, imageToken: string): string {
  const template = own?.includes("<|im_start|>") ? chatmlTemplate : defaultChatTemplate;
  return template.replaceAll(usualToken, imageToken);
}

/** ChatML (`<|im_start|>role ... <|im_end|>`) with an image token, and a line end, for each image. */
export const chatmlTemplate = [
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' }}",
  "{% if message['content'] is string %}{{ message['content'] }}{% else %}",
  "{% for part in message['content'] %}{% if part['type'] == 'image' %}{{ '<image>\\n' }}",
  "{% elif part['type'] == 'text' %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}",
  "{{ '<|im_end|>\\n' }}{% endfor %}",
  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
].join("");
