import type { Point } from "../grounding/geometry.ts";

export interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * The numbers in which a family writes places:
 * - unit: shares of the picture, 0 to 1
 * - hundredths: whole numbers 0 to 99, rounded down; each stands for the middle of its hundredth
 * - thousand: 0 to 1000
 * - pixels: pixels of the picture as the model sees it
 */
export type Scale = "unit" | "hundredths" | "thousand" | "pixels";

/** What a kind of model is told and how its answers are read. Declared here, never guessed from an answer. */
export interface AnswerFamily {
  readonly description: string;
  /** The bare question, without instructions: for models that know only the words of their training data. */
  readonly bare: boolean;
  readonly scale: Scale;
  /** Which coordinate comes first, in points and in both corners of a box. */
  readonly order: "xy" | "yx";
  /** The size at which the model sees a picture; as it is when left out. Pixels count in this size. */
  readonly seen?: (size: Size) => Size;
  /** Whether the harness itself brings a picture to the size that is seen before it is sent. */
  readonly resizes?: boolean;
  /** Names by which a model of the family is known when nobody says `--family`. */
  readonly names?: RegExp;
}

/** Sources of each declaration stand in docs/evaluation.md. */
export const families = {
  fovea: {
    description: "models trained here: bare questions, hundredths",
    bare: true,
    scale: "hundredths",
    order: "xy",
  },
  openai: {
    description: "OpenAI: pixels of the picture as sent",
    bare: false,
    scale: "pixels",
    order: "xy",
  },
  anthropic: {
    description:
      "Anthropic: pixels of the picture, made to fit 1568 pixels and 1568 patches of 28 before it is sent",
    bare: false,
    scale: "pixels",
    order: "xy",
    seen: withinPatches({ side: 1568, patch: 28, patches: 1568 }),
    resizes: true,
  },
  google: {
    description: "Gemini: 0 to 1000, y before x",
    bare: false,
    scale: "thousand",
    order: "yx",
    names: /gemini/i,
  },
  qwen2_5_vl: {
    description: "Qwen2.5-VL: pixels of the picture as its processor resizes it",
    bare: false,
    scale: "pixels",
    order: "xy",
    seen: smartResize({ factor: 28, least: 56 * 56, most: 28 * 28 * 16_384 }),
    names: /qwen2[._]5[-_]?vl/i,
  },
  qwen3_vl: {
    description: "Qwen3-VL: 0 to 1000",
    bare: false,
    scale: "thousand",
    order: "xy",
    names: /qwen3[-_]?vl/i,
  },
  generic: {
    description: "any other model: shares of the picture, 0 to 1",
    bare: false,
    scale: "unit",
    order: "xy",
  },
} as const satisfies Record<string, AnswerFamily>;

export type FamilyName = keyof typeof families;
export const familyNames = Object.keys(families) as FamilyName[];

export function familyOf(name: FamilyName): AnswerFamily {
  return families[name];
}

/** The family of a model known only by its name; generic when no family claims it. */
export function familyByName(model: string): FamilyName {
  return familyNames.find((name) => familyOf(name).names?.test(model)) ?? "generic";
}

/** Full extent of an axis in the numbers of a family. */
export function extent(family: AnswerFamily, size: Size): Size {
  const all = { unit: 1, hundredths: 100, thousand: 1000 };
  if (family.scale === "pixels") return family.seen?.(size) ?? size;
  return { width: all[family.scale], height: all[family.scale] };
}

/**
 * Two numbers of an answer, in the family's order, as a point of the picture in its own pixels; undefined when they
 * lie outside of the family's range.
 */
export function toPixels(family: AnswerFamily, pair: Point, size: Size): Point | undefined {
  const [x, y] = family.order === "xy" ? pair : [pair[1], pair[0]];
  const full = extent(family, size);
  if (!(x >= 0 && x <= full.width && y >= 0 && y <= full.height)) return undefined;
  const middle = family.scale === "hundredths" ? 0.5 : 0;
  const share = (value: number, all: number) => Math.min(1, (value + middle) / all);
  return [share(x, full.width) * size.width, share(y, full.height) * size.height];
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

/**
 * `smart_resize` of Qwen2.5-VL's image processor, with the bounds of its published preprocessor_config.json: both sides to multiples of `factor`, the area between `least` and
 * `most` pixels.
 */
function smartResize({ factor, least, most }: { factor: number; least: number; most: number }) {
  return ({ width, height }: Size): Size => {
    const area = (size: Size) => size.width * size.height;
    const sides = (round: (value: number) => number, scale: number) => ({
      width: Math.max(factor, round((width * scale) / factor) * factor),
      height: Math.max(factor, round((height * scale) / factor) * factor),
    });
    const near = sides(roundHalfEven, 1);
    if (area(near) > most) return sides(Math.floor, Math.sqrt(most / (width * height)));
    if (area(near) < least) return sides(Math.ceil, Math.sqrt(least / (width * height)));
    return near;
  };
}

/** As Python rounds. */
function roundHalfEven(value: number): number {
  return value % 1 === 0.5 ? 2 * Math.round(value / 2) : Math.round(value);
}
