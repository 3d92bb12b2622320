/**
 * A LLaVA from a pretrained vision tower and a pretrained language model, with a fresh projector between them:
 * what its two training stages start from (Liu et al., arXiv 2304.08485).
 *
 *     planLlava({vision, language, ...})   -> what the new model is, without its weights
 *     writeLlava(plan, out, options)       -> its folder, whole or not at all; weights go from file to file
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../common/errors.ts";
import { writeFolderWhole } from "../../common/files.ts";
import { type FolderFiles, filesByName, llavaProcessor } from "../../hub/folder.ts";
import { writeTensorFile } from "../../hub/weights/safetensors-write.ts";
import type { FloatType } from "../../hub/weights/tensor-stream.ts";
import { writeFiles } from "../../hub/write-folder.ts";
import { classTokens, type LlavaConfig, llavaConfigToJson, parseLlavaConfig } from "../llava/config.ts";
import { type LanguageHalf, languageHalf } from "./language.ts";
import { openHalf } from "./open.ts";
import { writeOrigin } from "./origin.ts";
import { type VisionHalf, visionHalf } from "./vision.ts";
import { planWeights, type Weights } from "./weights.ts";

/** The two halves of a new model, and how its projector starts. */
export interface BuildOptions {
  /** Folder of a CLIP or SigLIP model, of its vision tower alone, or of a VLM that has one. */
  readonly vision: string;
  /** Folder of a language model or of a VLM that has one, or a language model's GGUF file. */
  readonly language: string;
  /** Seed of the projector's starting values. */
  readonly seed?: number | string;
  /** Which hidden state of the tower the projector reads; default: as `VisionHalf.layer` says. */
  readonly featureLayer?: number;
  /** A chat template that writes an image token for each image; default: the language half's own, or one that suits it. */
  readonly chatTemplate?: string;
  /** Element type of all weights; default: each half's own, the projector's that of the language half. */
  readonly dtype?: FloatType;
}

export interface LlavaPlan {
  readonly config: LlavaConfig;
  readonly files: FolderFiles;
  readonly weights: Weights;
  readonly halves: { readonly vision: VisionHalf; readonly language: LanguageHalf };
}

/** Throws a UserError that names the folder and what is wrong with it. */
export async function planLlava(options: BuildOptions): Promise<LlavaPlan> {
  const vision = visionHalf(await openHalf(options.vision));
  const language = languageHalf(await openHalf(options.language), options.chatTemplate);
  const config = configOf(options, vision, language);
  const weights = planWeights(config, { vision, language }, options);
  const json = { ...llavaConfigToJson(config), dtype: configTypes[weights.dtype] };
  return {
    config,
    weights,
    files: { ...language.files, ...imageFiles(vision, language, config), config: json },
    halves: { vision, language },
  };
}

const configTypes: Record<FloatType, string> = {
  F64: "float64",
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
};

function configOf(options: BuildOptions, vision: VisionHalf, language: LanguageHalf): LlavaConfig {
  const vocab = Math.max(Number(language.config.vocab_size), language.imageTokenId + 1);
  return parseLlavaConfig(
    {
      model_type: "llava",
      vision_config: vision.config,
      text_config: { ...language.config, vocab_size: vocab },
      image_token_id: language.imageTokenId,
      vision_feature_layer: options.featureLayer ?? vision.layer,
      vision_feature_select_strategy: vision.select,
    },
    `${options.vision} + ${options.language}`,
  );
}

function imageFiles(vision: VisionHalf, language: LanguageHalf, config: LlavaConfig): Partial<FolderFiles> {
  const { patchSize } = config.visionConfig;
  const { processor_class: _, ...preprocessor } = vision.preprocessor;
  return {
    preprocessor,
    processor: llavaProcessor({
      patchSize,
      select: config.visionFeatureSelectStrategy,
      classTokens: classTokens[config.visionConfig.modelType],
      imageToken: language.imageToken,
    }),
  };
}

/** How a built model is written. */
export interface WriteOptions {
  readonly replace?: boolean;
  /** Bytes of weights written, of all. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Throws a UserError where `out` is filled (before anything is written) and is not to be replaced. */
export async function writeLlava(plan: LlavaPlan, out: string, options: WriteOptions = {}): Promise<void> {
  const { replace = false, onProgress = () => {} } = options;
  if (!replace) await mustBeFree(out);
  const { pieces } = plan.weights;
  const total = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
  async function* bytes() {
    let done = 0;
    for (const piece of pieces)
      for await (const part of piece.bytes()) {
        yield part;
        done += part.byteLength;
        onProgress(done, total);
      }
  }
  const fill = async (temporary: string) => {
    await writeFiles(temporary, filesByName(plan.files));
    await writeOrigin(temporary, plan.halves);
    await writeTensorFile(join(temporary, "model.safetensors"), pieces, bytes(), { format: "pt" });
  };
  await writeFolderWhole(out, fill, { replace });
}

async function mustBeFree(out: string): Promise<void> {
  const names = await readdir(out).catch(() => []);
  if (names.length > 0)
    throw new UserError(`folder ${out} already exists and is not empty; name another or remove it`);
}
