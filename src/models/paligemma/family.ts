import type { FolderFiles } from "../../hub/folder.ts";
import { decoderOf } from "../decoder/text-config.ts";
import { defineFamily } from "../define.ts";
import type { ImageReader } from "../inputs/images.ts";
import { openSquareReader } from "../inputs/square-reader.ts";
import { currentTensorName, moduleName, tensorName } from "../llava/names.ts";
import { type PaligemmaConfig, paligemmaConfigToJson, parsePaligemmaConfig } from "./config.ts";
import { encodeImages, type PaligemmaParams, visionSpecs } from "./vision.ts";

/**
 * What `PaliGemmaProcessor` writes: the images, the start of the text, a question, a line end; then the answer. The
 * published folders have no template, for these models do not converse.
 */
const chatTemplate = [
  "{% for message in messages %}",
  "{% if message['content'] is string %}{% set parts = [{'type': 'text', 'text': message['content']}] %}",
  "{% else %}{% set parts = message['content'] %}{% endif %}",
  "{% for part in parts %}{% if part['type'] == 'image' %}{{ '<image>' }}{% endif %}{% endfor %}",
  "{% if loop.first %}{{ bos_token }}{% endif %}",
  "{% for part in parts %}{% if part['type'] == 'text' %}{{ part['text'] }}{% endif %}{% endfor %}",
  "{% if message['role'] == 'assistant' %}{{ eos_token }}{% else %}{{ '\\n' }}{% endif %}",
  "{% endfor %}",
].join("");

/** PaliGemma and PaliGemma 2: all of a prompt sees all of it. */
export const paligemma = defineFamily<PaligemmaConfig, PaligemmaParams>({
  modelType: "paligemma",
  parseConfig: parsePaligemmaConfig,
  configToJson: paligemmaConfigToJson,
  decoder: ({ textConfig }) => decoderOf(textConfig),
  imageTokenId: (config) => config.imageTokenId,
  imageSize: ({ visionConfig }) => visionConfig.imageSize,
  visionSpecs,
  tensorName,
  moduleName,
  currentTensorName,
  encodeImages,
  visibility: "prefix",
  chatTemplate,
  openReader,
});

function openReader(
  { visionConfig: { imageSize, patchSize }, imageTokenId }: PaligemmaConfig,
  files: FolderFiles,
  _: unknown,
  path: string,
): ImageReader {
  return openSquareReader(
    { imageSize, patchSize, imageTokenId, extraTokens: 0, usual: "Siglip" },
    files,
    path,
  );
}
