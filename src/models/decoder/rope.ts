/**
 * `rope_parameters` of a decoder's config, or the older `rope_scaling`: from the file's fields to the frequencies of the
 * rotary embedding, as transformers' `modeling_rope_utils.py` has them (held against it in tests/models/rope.test.ts).
 *
 *     ropeSchema                     zod schema of the field
 *     completeRope(given, source)    -> Rope, one set of parameters with every default filled in
 *     rotaryOf(rope, headDim)        -> RotaryConfig
 */
import { z } from "zod";
import { mustBe } from "../../common/errors.ts";
import { inverseFrequencies } from "../../nn/rotary.ts";
import { positions } from "../contract/config-fields.ts";
import type { RotaryConfig } from "./config.ts";

const ropeTypes = ["default", "linear", "llama3", "yarn"] as const;
type RopeType = (typeof ropeTypes)[number];

/** The type is called `type` in the oldest files. */
export const ropeSchema = z
  .looseObject({
    ropeType: z.string().optional(),
    type: z.string().optional(),
    ropeTheta: z.number().positive().nullish(),
    factor: z.number().positive().nullish(),
    lowFreqFactor: z.number().positive().optional(),
    highFreqFactor: z.number().positive().optional(),
    originalMaxPositionEmbeddings: positions.optional(),
    betaFast: z.number().positive().nullish(),
    betaSlow: z.number().positive().nullish(),
    attentionFactor: z.number().positive().nullish(),
    mscale: z.number().nonnegative().nullish(),
    mscaleAllDim: z.number().nonnegative().nullish(),
    truncate: z.boolean().optional(),
    partialRotaryFactor: z.number().nullish(),
    mropeSection: z
      .array(
        z
          .int()
          .positive()
          .max(2 ** 16),
      )
      .length(3)
      .optional(),
    mropeInterleaved: z.boolean().optional(),
  })
  .transform(({ type, ...rope }) => ({ ...rope, ropeType: ropeTypeOf(rope.ropeType ?? type) }));

/** Qwen's files call the multimodal embedding a type of its own; its frequencies are the usual ones. */
const ropeTypeOf = (type = "default") => (type === "mrope" ? "default" : type);

type Parsed = z.output<typeof ropeSchema>;

/** The rotary embedding with its base. */
export type Rope = Parsed & { readonly ropeTheta: number };

/** What a config says, in the order in which transformers believes it. */
export interface GivenRope {
  readonly ropeScaling?: Parsed | null;
  readonly ropeParameters?: Parsed | null;
  readonly ropeTheta?: number | null;
  readonly originalMaxPositionEmbeddings?: number | null;
  readonly maxPositionEmbeddings: number;
  readonly headDim: number;
}

/** Throws a UserError for an embedding that is not one of ours. */
export function completeRope(given: GivenRope, defaultTheta: number, source: string): Rope {
  const chosen = given.ropeScaling ?? given.ropeParameters ?? ropeSchema.parse({});
  const rope: Rope = { ...chosen, ropeTheta: chosen.ropeTheta ?? given.ropeTheta ?? defaultTheta };
  checkRope(rope, `${source}: text_config`);
  if (rope.ropeType !== "llama3" && rope.ropeType !== "yarn") return rope;
  const { originalMaxPositionEmbeddings: outside, maxPositionEmbeddings } = given;
  const original = outside ?? rope.originalMaxPositionEmbeddings ?? maxPositionEmbeddings;
  return {
    ...rope,
    originalMaxPositionEmbeddings: original,
    // Yarn's may be left to the two lengths.
    ...(rope.ropeType === "yarn" && { factor: rope.factor ?? maxPositionEmbeddings / original }),
  };
}

/** Fields without which a type means nothing. */
const needed: Record<RopeType, readonly (keyof Rope)[]> = {
  default: [],
  linear: ["factor"],
  llama3: ["factor", "lowFreqFactor", "highFreqFactor"],
  yarn: [],
};

function checkRope(rope: Rope, what: string): void {
  const { ropeType, partialRotaryFactor } = rope;
  if (!isRopeType(ropeType)) throw mustBe(what, "rope type", `one of ${ropeTypes.join(", ")}`, ropeType);
  const missing = needed[ropeType].find((field) => rope[field] === undefined || rope[field] === null);
  if (missing !== undefined)
    throw mustBe(
      what,
      `rope_parameters.${snake(missing)}`,
      `a number for rope type ${ropeType}`,
      rope[missing],
    );
  // The usual embedding turns whole heads, whatever this says.
  if (ropeType !== "default" && (partialRotaryFactor ?? 1) !== 1)
    throw mustBe(what, "partial_rotary_factor", "1: whole heads are turned", partialRotaryFactor);
  const nested = Object.keys(rope).find((key) => /Attention$/.test(key));
  if (nested !== undefined)
    throw mustBe(what, "rope_parameters", "one set for all layers", `one of ${snake(nested)}`);
}

const snake = (key: PropertyKey) => String(key).replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const isRopeType = (type: string): type is RopeType => ropeTypes.includes(type as RopeType);

/** Frequencies of heads of `headDim`; with `mrope_section` also the axis of each. */
export function rotaryOf(rope: Rope, headDim: number): RotaryConfig {
  const scaled = scalings[rope.ropeType as RopeType](inverseFrequencies(headDim, rope.ropeTheta), rope);
  return rope.mropeSection === undefined
    ? scaled
    : { ...scaled, axes: axesOf(rope.mropeSection, rope, headDim / 2) };
}

/** For each frequency its axis: sections one after the other, or (`mrope_interleaved`) in turn where they reach. */
function axesOf(sections: readonly number[], { mropeInterleaved = false }: Rope, half: number): number[] {
  if (!mropeInterleaved) return sections.flatMap((length, axis) => new Array<number>(length).fill(axis));
  return Array.from({ length: half }, (_, i) => (i % 3 > 0 && i < 3 * sections[i % 3] ? i % 3 : 0));
}

type Scaling = (plain: readonly number[], rope: Rope) => RotaryConfig;

/** How contexts longer than those of training are reached (`rope_type`). */
const scalings: Record<RopeType, Scaling> = {
  default: (frequencies) => ({ frequencies }),
  linear: (plain, { factor }) => ({ frequencies: plain.map((f) => f / (factor ?? 1)) }),
  /** Long waves slow down by the factor, short ones stay, those between are blended (Llama 3.1). */
  llama3(plain, rope) {
    const { lowFreqFactor = 1, highFreqFactor = 4, originalMaxPositionEmbeddings: original = 1 } = rope;
    const frequencies = plain.map((f) => {
      const turns = (original * f) / (2 * Math.PI);
      const blend = (turns - lowFreqFactor) / (highFreqFactor - lowFreqFactor);
      const kept = Math.min(1, Math.max(0, blend));
      return (1 - kept) * (f / (rope.factor ?? 1)) + kept * f;
    });
    return { frequencies };
  },
  /** Peng et al., arXiv 2309.00071. */
  yarn(plain, rope) {
    const { ropeTheta, truncate = true, originalMaxPositionEmbeddings: original = 1 } = rope;
    const [factor, fast, slow] = [rope.factor ?? 1, rope.betaFast ?? 32, rope.betaSlow ?? 1];
    const size = 2 * plain.length;
    const turning = (turns: number) =>
      (size * Math.log(original / (turns * 2 * Math.PI))) / (2 * Math.log(ropeTheta));
    const low = Math.max(0, truncate ? Math.floor(turning(fast)) : turning(fast));
    const high = Math.min(size - 1, truncate ? Math.ceil(turning(slow)) : turning(slow));
    const frequencies = plain.map((f, i) => {
      const ramp = Math.min(1, Math.max(0, (i - low) / (high === low ? 0.001 : high - low)));
      return ramp * (f / factor) + (1 - ramp) * f;
    });
    return { frequencies, scale: rope.attentionFactor ?? yarnScale(factor, rope) };
  },
};

/** On cosine and sine: the paper's 0.1 ln(factor) + 1, or (DeepSeek) the ratio of two such ones. */
function yarnScale(factor: number, { mscale, mscaleAllDim }: Rope): number {
  const scale = (weight: number) => (factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1);
  return mscale && mscaleAllDim ? scale(mscale) / scale(mscaleAllDim) : scale(1);
}
