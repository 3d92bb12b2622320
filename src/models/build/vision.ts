/** The vision half of a new LLaVA: a CLIP or SigLIP tower, alone or inside any model that has one. */
import { mustBe, UserError } from "../../common/errors.ts";
import { requirePreprocessor } from "../../hub/folder.ts";
import type { Json } from "../../hub/text/tokenizer.ts";
import type { LlavaConfig } from "../llava/config.ts";
import { jsonOf, type OpenHalf } from "./half.ts";

export interface VisionHalf {
  readonly half: OpenHalf;
  /** `vision_config` of the LLaVA. */
  readonly config: Json;
  /** Which hidden states the projector reads: those that the tower's own model reads, else the usual ones. */
  readonly layer: LlavaConfig["visionFeatureLayer"];
  readonly select: LlavaConfig["visionFeatureSelectStrategy"];
  readonly preprocessor: Json;
  /** The LLaVA's name of a stored tensor; null for one that is not the tower's. */
  readonly nameOf: (stored: string) => string | null;
}

type Taken = Omit<VisionHalf, "half">;

/** Throws a UserError for a tower that a LLaVA cannot hold. */
export function visionHalf(half: OpenHalf): VisionHalf {
  const reason = refused[half.modelType];
  if (reason !== undefined)
    throw new UserError(`${half.configPath}: a ${half.modelType} has no vision tower for a LLaVA: ${reason}`);
  const take = kinds[half.modelType];
  if (take === undefined)
    throw mustBe(half.configPath, "model_type", `one of ${Object.keys(kinds).join(", ")}`, half.modelType);
  return { half, ...take(half) };
}

const kinds: Readonly<Record<string, (half: OpenHalf) => Taken>> = {
  clip: clipAlone,
  clip_vision_model: clipAlone,
  siglip: siglipAlone,
  siglip_vision_model: siglipAlone,
  llava: ofLlava,
  paligemma: ofPaligemma,
  idefics3: ofIdefics3,
  smolvlm: ofIdefics3,
};

const qwenTower = "it merges patches of images of any size itself, where a LLaVA has a CLIP or SigLIP tower";
const refused: Readonly<Record<string, string>> = { qwen2_5_vl: qwenTower, qwen3_vl: qwenTower };

/** LLaVA-1.5 reads CLIP's last layer but one, without the class token. */
function clipAlone(half: OpenHalf): Taken {
  return { ...alone(half, "clip_vision_model"), layer: -2, select: "default" };
}

/** SigLIP has no class token to drop; its successors in LLaVA read the last layer. */
function siglipAlone(half: OpenHalf): Taken {
  return { ...alone(half, "siglip_vision_model"), ...siglipReading };
}

const siglipReading = { layer: -1, select: "full" } as const;

function alone({ config, files, folder }: OpenHalf, tower: string) {
  return {
    config: { ...((config.vision_config ?? config) as Json), model_type: tower },
    preprocessor: requirePreprocessor(files, folder),
    nameOf: towerName,
  };
}

/** A tower stands below `vision_model.`, beside a text tower and heads that are not needed. */
function towerName(stored: string): string | null {
  const own = stored.replace(/^(model\.)?vision_model\./, "");
  const elsewhere = /^(text_model|logit_|visual_projection|text_projection|head\.)|\.position_ids$/;
  return elsewhere.test(own) ? null : `vision_tower.${own}`;
}

function ofLlava(half: OpenHalf): Taken {
  const { visionFeatureLayer: layer, visionFeatureSelectStrategy: select } = parsed<LlavaConfig>(half);
  return { ...inFamily(half, "vision_tower."), layer, select };
}

function ofPaligemma(half: OpenHalf): Taken {
  return { ...inFamily(half, "vision_tower."), ...siglipReading };
}

/** Its tower is a SigLIP; its processor cuts tiles, where a LLaVA sees the whole image at the tower's size. */
function ofIdefics3(half: OpenHalf): Taken {
  const { config, nameOf } = inFamily(half, "model.vision_model.");
  const { image_mean, image_std, rescale_factor, resample } = requirePreprocessor(half.files, half.folder);
  const side = config.image_size;
  const preprocessor = {
    image_processor_type: "SiglipImageProcessor",
    do_convert_rgb: true,
    do_resize: true,
    size: { height: side, width: side },
    resample: resample ?? 1,
    do_rescale: true,
    rescale_factor: rescale_factor ?? 1 / 255,
    do_normalize: true,
    image_mean: image_mean ?? [0.5, 0.5, 0.5],
    image_std: image_std ?? [0.5, 0.5, 0.5],
  };
  return { config: { ...config, model_type: "siglip_vision_model" }, nameOf, preprocessor, ...siglipReading };
}

/** The tower of a whole model, whose tensors begin with `prefix`. */
function inFamily(half: OpenHalf, prefix: string) {
  const { family, files, folder } = half;
  const { visionConfig } = parsed<{ readonly visionConfig: object }>(half);
  return {
    config: jsonOf(visionConfig),
    preprocessor: requirePreprocessor(files, folder),
    nameOf: (stored: string) => {
      const name = family?.currentTensorName(stored) ?? "";
      return name.startsWith(prefix) ? `vision_tower.${name.slice(prefix.length)}` : null;
    },
  };
}

function parsed<Config>({ family }: OpenHalf): Config {
  return (family as NonNullable<typeof family>).config as Config;
}
