/** How families of models are asked, and how they write places. */
import type { Size } from "../common/image.ts";
import { type Frame, frameOf, hundredths, type PlaceStyle } from "../grounding/text.ts";
import { smartResize } from "../models/qwen/processor.ts";

/** How a model is asked, and how it writes places. */
export interface Asking {
  /** A family's name, or what it differs in: for people, and for `run.json`. */
  readonly name: string;
  /** Whether it gets the bare question, as models are trained here, or one with instructions by kind of answer. */
  readonly bare: boolean;
  readonly places: PlaceStyle;
}

/** What a kind of model is told and how its answers are read. Declared here, never guessed from an answer. */
export interface AnswerFamily extends Asking {
  readonly description: string;
  /** The size at which the model sees a picture; as it is when left out. */
  readonly processedSize?: (size: Size) => Size;
  /** Whether the harness itself brings a picture to the size that is seen before it is sent. */
  readonly resizes?: boolean;
  /** Names by which a model of the family is known when nobody says `--family`. */
  readonly names?: RegExp;
}

const list = { order: "xy", form: "list" } as const;

/** Sources of each declaration stand in docs/evaluation.md. */
export const families = {
  fovea: {
    name: "fovea",
    description: "models trained here: bare questions, hundredths",
    bare: true,
    places: hundredths,
  },
  openai: {
    name: "openai",
    description: "OpenAI: pixels of the picture as sent",
    bare: false,
    places: { scale: "pixels", ...list },
  },
  anthropic: {
    name: "anthropic",
    description:
      "Anthropic: pixels of the picture, made to fit 1568 pixels and 1568 patches of 28 before it is sent",
    bare: false,
    places: { scale: "resized", ...list },
    processedSize: withinPatches({ side: 1568, patch: 28, patches: 1568 }),
    resizes: true,
  },
  google: {
    name: "google",
    description: "Gemini: 0 to 1000, y before x",
    bare: false,
    places: { scale: "thousand", order: "yx", form: "list" },
    names: /gemini/i,
  },
  qwen2_5_vl: {
    name: "qwen2_5_vl",
    description: "Qwen2.5-VL: pixels of the picture as its processor resizes it",
    bare: false,
    places: { scale: "resized", ...list },
    // Bounds of the published preprocessor_config.json; a folder's own count where there is one.
    processedSize: (size) => smartResize(size, 28, { minPixels: 56 * 56, maxPixels: 28 * 28 * 16_384 }),
    names: /qwen2[._]5[-_]?vl/i,
  },
  qwen3_vl: {
    name: "qwen3_vl",
    description: "Qwen3-VL: 0 to 1000",
    bare: false,
    places: { scale: "thousand", ...list },
    names: /qwen3[-_]?vl/i,
  },
  paligemma: {
    name: "paligemma",
    description: "PaliGemma: its prefixes, location tokens with y before x",
    bare: false,
    places: { scale: "bins", order: "yx", form: "tokens" },
    names: /paligemma/i,
  },
  generic: {
    name: "generic",
    description: "any other model: shares of the picture, 0 to 1",
    bare: false,
    places: { scale: "unit", ...list },
  },
} as const satisfies Record<string, AnswerFamily>;

export type FamilyName = keyof typeof families;
export const familyNames = Object.keys(families) as [FamilyName, ...FamilyName[]];

export function familyOf(name: FamilyName): AnswerFamily {
  return families[name];
}

export function isFamilyName(name: string): name is FamilyName {
  return Object.hasOwn(families, name);
}

/** The family that an asking's name begins with: what differs from a family stands behind its name. */
export function familyIn(name: string): FamilyName {
  const [family] = name.split(" ");
  return isFamilyName(family) ? family : "generic";
}

/** The family of a model known only by its name; generic when no family claims it. */
export function familyByName(model: string): FamilyName {
  return familyNames.find((name) => familyOf(name).names?.test(model)) ?? "generic";
}

/** A picture as a model of the family sees it. */
export function frameFor({ processedSize }: AnswerFamily, size: Size): Frame {
  return frameOf(size, processedSize?.(size));
}

/** The largest size of the same shape within a longest side and a budget of patches. */
function withinPatches(limit: { side: number; patch: number; patches: number }) {
  return ({ width, height }: Size): Size => {
    const fits = (scale: number) =>
      Math.ceil((width * scale) / limit.patch) * Math.ceil((height * scale) / limit.patch) <= limit.patches;
    let scale = Math.min(1, limit.side / Math.max(width, height));
    while (!fits(scale)) scale *= 0.995;
    return { width: Math.max(1, Math.floor(width * scale)), height: Math.max(1, Math.floor(height * scale)) };
  };
}
