/**
 * A LLaVA from a pretrained vision tower and a pretrained language model, with a fresh projector between them:
 * what its two training stages start from (Liu et al., arXiv 2304.08485).
 *
 *     buildLlava({vision, language, ...})   -> {config, params, files}, ready for `llava.save`
 */
import { join } from "node:path";
import { mustBe, UserError } from "../../common/errors.ts";
import type { HostArray } from "../../engine/host.ts";
import { defaultChatTemplate } from "../../hub/chat.ts";
import { loadTensors, openCheckpoint } from "../../hub/checkpoint.ts";
import { type FolderFiles, llavaProcessor, readFolderFiles, requirePreprocessor } from "../../hub/folder.ts";
import type { Json } from "../../hub/tokenizer.ts";
import { withSpecialToken } from "../../hub/tokenizer-edit.ts";
import { type LlavaConfig, parseLlavaConfig } from "./config.ts";
import { llava } from "./family.ts";
import { tensorName } from "./names.ts";

export interface BuildOptions {
  /** Folder of a CLIP or SigLIP model, or of its vision tower alone. */
  readonly vision: string;
  /** Folder of a Llama, Mistral, Qwen2 or Qwen3 language model. */
  readonly language: string;
  /** Seed of the projector's starting values. */
  readonly seed?: number | string;
  /** Which hidden state of the tower the projector reads; default -2 for CLIP, -1 for SigLIP. */
  readonly featureLayer?: number;
  /** A chat template that writes an image token for each image; default: one that suits the language model. */
  readonly chatTemplate?: string;
}

export interface BuiltLlava {
  readonly config: LlavaConfig;
  readonly params: Awaited<ReturnType<typeof llava.load>>["params"];
  readonly files: FolderFiles;
}

const imageToken = "<image>";

/** Throws a UserError that names the folder and what is wrong with it. */
export async function buildLlava(options: BuildOptions): Promise<BuiltLlava> {
  const [vision, language] = await Promise.all([
    readFolderFiles(options.vision),
    readFolderFiles(options.language),
  ]);
  const text = textFiles(language, options);
  const config = configOf(options, vision, language, text.imageTokenId);
  const params = llava.fromNamed<HostArray>(config, await allTensors(config, options));
  return { config, params, files: { ...text.files, ...imageFiles(vision, config, options.vision) } };
}

/** `vision_config` and how it is read, by the `model_type` of a vision folder. */
const visionKinds: Readonly<Record<string, { readonly tower: string; readonly layer: number }>> = {
  clip: { tower: "clip_vision_model", layer: -2 },
  clip_vision_model: { tower: "clip_vision_model", layer: -2 },
  siglip: { tower: "siglip_vision_model", layer: -1 },
  siglip_vision_model: { tower: "siglip_vision_model", layer: -1 },
};

function configOf(
  options: BuildOptions,
  vision: FolderFiles,
  language: FolderFiles,
  imageTokenId: number,
): LlavaConfig {
  const [visionJson, textJson] = [configFile(vision, options.vision), configFile(language, options.language)];
  const kind = visionKinds[`${visionJson.model_type}`];
  const path = join(options.vision, "config.json");
  if (kind === undefined)
    throw mustBe(path, "model_type", `one of ${Object.keys(visionKinds).join(", ")}`, visionJson.model_type);
  const nested = (visionJson.vision_config ?? visionJson) as Json;
  const vocab = Math.max(Number(textJson.vocab_size), imageTokenId + 1);
  return parseLlavaConfig(
    {
      model_type: "llava",
      vision_config: { ...nested, model_type: kind.tower },
      text_config: { ...textJson, vocab_size: vocab },
      image_token_id: imageTokenId,
      vision_feature_layer: options.featureLayer ?? kind.layer,
      // SigLIP has no class token to drop.
      vision_feature_select_strategy: kind.tower === "siglip_vision_model" ? "full" : "default",
    },
    `${options.vision} + ${options.language}`,
  );
}

function configFile({ config }: FolderFiles, folder: string): Json {
  if (config !== undefined) return config;
  throw new UserError(`${folder}: expected a file config.json, found none`);
}

/** The language model's files with a token for images, and a template that writes it. */
function textFiles(files: FolderFiles, options: BuildOptions) {
  const { tokenizer, tokenizerConfig } = files;
  if (tokenizer === undefined || tokenizerConfig === undefined)
    throw new UserError(`${options.language}: expected tokenizer.json and tokenizer_config.json, found none`);
  const edited = withSpecialToken({ tokenizer, tokenizerConfig }, imageToken);
  const chatTemplate = options.chatTemplate ?? templateFor(files.chatTemplate);
  return {
    imageTokenId: edited.id,
    files: {
      ...files,
      config: undefined,
      tokenizer: edited.files.tokenizer,
      tokenizerConfig: {
        ...edited.files.tokenizerConfig,
        image_token: imageToken,
        processor_class: "LlavaProcessor",
      },
      chatTemplate,
    },
  };
}

/** Of a language model's own template only the kind is known to survive images: ChatML, or LLaVA's. */
function templateFor(own: string | undefined): string {
  return own?.includes("<|im_start|>") ? chatmlTemplate : defaultChatTemplate;
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

function imageFiles(vision: FolderFiles, config: LlavaConfig, folder: string): Partial<FolderFiles> {
  const { patchSize } = config.visionConfig;
  const siglip = config.visionConfig.modelType === "siglip_vision_model";
  return {
    preprocessor: requirePreprocessor(vision, folder),
    processor: llavaProcessor({
      patchSize,
      select: config.visionFeatureSelectStrategy,
      classTokens: siglip ? 0 : 1,
    }),
  };
}

/** Every tensor of the new model by name: the tower's and the language model's own, a fresh projector. */
async function allTensors(config: LlavaConfig, options: BuildOptions): Promise<Record<string, HostArray>> {
  const fresh = llava.toNamed(llava.initParams(config, options.seed ?? 0));
  const shapes = Object.entries(fresh).map(([name, { shape }]) => [name, shape] as const);
  const only = (prefix: string) => new Map(shapes.filter(([name]) => name.startsWith(prefix)));
  const tower = await loadTensors(await openCheckpoint(options.vision), only("vision_tower."), {
    aliases: visionName,
  });
  const decoder = await loadLanguage(config, options, only("language_model."));
  return { ...fresh, ...Object.fromEntries([...tower, ...decoder]) };
}

/** A tower stands below `vision_model.`, beside a text tower and heads that are not needed. */
function visionName(stored: string): string | null {
  const own = stored.replace(/^(model\.)?vision_model\./, "");
  const elsewhere = /^(text_model|logit_|visual_projection|text_projection|head\.)|\.position_ids$/;
  return elsewhere.test(own) ? null : `vision_tower.${own}`;
}

const embeddingTables = [tensorName("languageModel.embedTokens.weight"), tensorName("lmHead.weight")];

/** The language model's tensors; tables of words get rows for new tokens, which start as the mean of the others. */
async function loadLanguage(
  config: LlavaConfig,
  { language }: BuildOptions,
  wanted: ReadonlyMap<string, readonly number[]>,
): Promise<Map<string, HostArray<"float32">>> {
  const source = await openCheckpoint(language);
  const nameOf = (stored: string) => {
    if (/\.inv_freq$/.test(stored)) return null;
    const name = `language_model.${stored}`;
    return config.textConfig.tieWordEmbeddings && name === tensorName("lmHead.weight") ? null : name;
  };
  const rows = [...source.tensors.values()].find(({ name }) => name === "model.embed_tokens.weight")
    ?.shape[0];
  const stored = new Map(
    [...wanted].map(([name, shape]) =>
      embeddingTables.includes(name) ? [name, [rows ?? shape[0], shape[1]]] : [name, shape],
    ),
  );
  const tensors = await loadTensors(source, stored, { aliases: nameOf });
  for (const name of embeddingTables) {
    const table = tensors.get(name);
    if (table !== undefined) tensors.set(name, grown(table, config.textConfig.vocabSize));
  }
  return tensors;
}

/** [V, D] with rows added up to `rows`, each the mean of the old ones. */
function grown({ shape, data }: HostArray<"float32">, rows: number): HostArray<"float32"> {
  const [V, D] = shape;
  const larger = new Float32Array(rows * D);
  larger.set(data.subarray(0, Math.min(V, rows) * D));
  const mean = new Float64Array(D);
  for (let i = 0; i < V * D; i++) mean[i % D] += data[i] / V;
  for (let row = V; row < rows; row++) larger.set(mean, row * D);
  return { dtype: "float32", shape: [rows, D], data: larger };
}
