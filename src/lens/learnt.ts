/** Thresholds that were learnt for a model's lens, kept in its folder as `lens.json`. */
import { z } from "zod";
import { sourceOf } from "#source";
import { UserError } from "../common/errors.ts";
import { parseJson } from "../common/json.ts";
import type { GivenSource } from "../hub/source/given.ts";
import { type TokenRule, tokenRules } from "./logit-lens.ts";

export const learntFile = "lens.json";
const MOST_BYTES = 100_000;

const probability = z.number().min(0).max(1);

const learntSchema = z.object({
  /** What the lens was read with; thresholds hold for this alone. */
  layer: z.int().min(0),
  tokens: z.enum(tokenRules),
  norm: z.boolean(),
  /** Of patches, and of pixels of the map that is interpolated between patches. */
  patches: probability,
  pixels: probability,
  /** What they were learnt from. */
  from: z.object({
    data: z.string(),
    images: z.int(),
    present: z.int(),
    absent: z.int(),
    /** Mean IoU of pixels of the concepts that show, and the share of absent ones whose mask is empty. */
    iou: z.number().nullable(),
    empty: z.number().nullable(),
  }),
});

/** Probabilities from which on a place counts as showing a word, and what they were learnt from. */
export type Learnt = z.infer<typeof learntSchema>;

/** What a lens is read with. */
export interface LensUse {
  readonly layer: number;
  readonly tokens: TokenRule;
  readonly norm: boolean;
}

/** The thresholds that lie beside a model for this use of the lens; undefined where none were learnt for it. */
export async function readLearnt(
  given: GivenSource,
  { layer, tokens, norm }: LensUse,
): Promise<Learnt | undefined> {
  const source = sourceOf(given);
  const path = source.place(learntFile);
  const text = await source.text(learntFile, MOST_BYTES);
  if (text === undefined) return undefined;
  const parsed = learntSchema.safeParse(parseJson(text, path));
  if (!parsed.success) {
    const [{ path: field, message }] = parsed.error.issues;
    throw new UserError(`${path}: ${field.join(".")}: ${message}; remove it or calibrate again`);
  }
  const { data } = parsed;
  return data.layer === layer && data.tokens === tokens && data.norm === norm ? data : undefined;
}
