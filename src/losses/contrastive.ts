/** Contrast of pictures and texts: a picture and its own text are alike, and unlike the others of the batch. */
import { z } from "zod";
import { type NdArray, nn, np, slice, stopGradient } from "../engine/array.ts";
import { imageColumns } from "../models/inputs/layout.ts";
import { constant } from "../nn/init.ts";
import { MASKED } from "../nn/softmax.ts";
import type { Batch } from "./batch.ts";
import { defineLoss, type LossContext, type LossValue, ownParam } from "./loss.ts";
import { weightedMean } from "./stable.ts";

const forms = ["softmax", "sigmoid"] as const;

const options = z.strictObject({
  form: z
    .enum(forms)
    .default("softmax")
    .describe(
      "`softmax`: CLIP's, which of the batch's texts is the picture's and which of its pictures the text's; `sigmoid`: SigLIP's, each pair judged alone.",
    ),
  temperature: z
    .number()
    .positive()
    .default(0.07)
    .describe("What cosines are divided by at the start; learnt from there."),
  bias: z
    .number()
    .default(-10)
    .describe("Of `sigmoid`: what is added to the logits at the start; learnt from there."),
});

/** Cosines are multiplied by this at most, as in CLIP: beyond it training becomes unstable. */
const LARGEST_SCALE = 100;

/**
 * Pictures and texts in one space, by the model's own parts: a picture is the mean of its image tokens as they enter the
 * decoder, a text what the decoder, reading its answers alone, has at their last token. docs/losses.md has the formulas
 * (Radford et al., arXiv 2103.00020; Zhai et al., arXiv 2303.15343). A row without an answer takes no part.
 */
export const contrastive = defineLoss({
  name: "contrastive",
  options,
  needs: { taps: ["imageFeatures", "textStates"], learnsFrom: "answers" },
  params: ({ temperature, bias, form }) => ({
    logScale: constant("bias", [], -Math.log(temperature)),
    ...(form === "sigmoid" && { bias: constant("bias", [], bias) }),
  }),
  compute(context, { form }): LossValue {
    const { pictures, texts, present } = embeddings(context);
    const cosines = np.einsum("id,jd->ij", pictures, texts);
    const scale = np.exp(np.minimum(ownParam(context, "logScale"), Math.log(LARGEST_SCALE)));
    const scaled = np.multiply(cosines, scale);
    return {
      loss: form === "softmax" ? softmaxLoss(scaled, present) : sigmoidLoss(scaled, present, context),
      parts: { ...foundShares(stopGradient(cosines), present), scale: stopGradient(scale) },
    };
  },
});

/** Pictures and texts as vectors of length 1. */
export interface Embeddings {
  /** [B, D] each */
  readonly pictures: NdArray;
  readonly texts: NdArray;
  /** [B]: 1 for rows that have a text, else 0. */
  readonly present: NdArray;
}

/** Where the loss puts pictures and texts, for retrieval with a trained model. */
export function embeddings({
  taps,
  head,
  batch,
  layout,
}: Pick<LossContext<"imageFeatures" | "textStates">, "taps" | "head" | "batch" | "layout">): Embeddings {
  const { atEnd, present } = textEnds(batch);
  const texts = np.einsum("ba,bad->bd", atEnd, head.norm(taps.textStates));
  const isImage = np.where(np.less(imageColumns(batch.segmentIds, 1, layout), 0), 0, 1);
  const pictures = np.einsum("bn,bnd->bd", isImage, taps.imageFeatures);
  return { pictures: ofLengthOne(pictures), texts: ofLengthOne(texts), present };
}

/** [B, A]: 1 at the last answer token of each row, an end; and [B]: whether there is one. */
function textEnds({ answerMask }: Pick<Batch<NdArray>, "answerMask">) {
  const [B, A] = answerMask.shape;
  const next = np.concatenate([slice(answerMask, 1, 1, A), np.zeros([B, 1])], 1);
  const atEnd = np.multiply(answerMask, np.subtract(1, next));
  return { atEnd, present: np.sum(atEnd, 1) };
}

/** x [B, D] with rows of length 1. The sum of image tokens has the direction of their mean. */
function ofLengthOne(x: NdArray): NdArray {
  const squared = np.sum(np.square(x), -1, { keepdims: true });
  return np.divide(x, np.sqrt(np.add(squared, 1e-12)));
}

/** CLIP's: the mean over pictures and over texts of -log of the softmax at their own partner. Logits [B, B] -> []. */
function softmaxLoss(logits: NdArray, present: NdArray): NdArray {
  const own = np.sum(np.multiply(logits, np.eye(present.shape[0])), 1);
  const toTexts = np.subtract(nn.logsumexp(among(logits, present, 0), 1), own);
  const toPictures = np.subtract(nn.logsumexp(among(logits, present, 1), 0), own);
  return np.multiply(weightedMean(np.add(toTexts, toPictures), present), 0.5);
}

/** Logits [B, B] in which rows of the batch that take no part, counted along the other axis than `axis`, are masked. */
function among(logits: NdArray, present: NdArray, axis: 0 | 1): NdArray {
  const left = np.expandDims(np.where(np.greater(present, 0.5), 0, MASKED), axis);
  return np.add(logits, left);
}

/** SigLIP's: -log σ(±(s cos + b)) summed over all pairs, + for a picture's own text, divided by B. */
function sigmoidLoss(scaled: NdArray, present: NdArray, context: Pick<LossContext, "params">): NdArray {
  const signs = np.subtract(np.multiply(np.eye(present.shape[0]), 2), 1);
  const signed = np.multiply(np.add(scaled, ownParam(context, "bias")), signs);
  const cost = nn.softplus(np.negative(signed));
  const both = np.multiply(np.expandDims(present, 0), np.expandDims(present, 1));
  return np.divide(np.sum(np.multiply(cost, both)), np.maximum(np.sum(present), 1));
}

/** Share of pictures whose own text has the largest cosine of the batch's, and of texts whose picture has. */
function foundShares(cosines: NdArray, present: NdArray): Record<string, NdArray> {
  const own = np.sum(np.multiply(cosines, np.eye(present.shape[0])), 1);
  const found = (axis: 0 | 1) => {
    const best = np.max(among(cosines, present, axis), 1 - axis);
    return weightedMean(np.where(np.greaterEqual(own, best), 1, 0), present);
  };
  return { textFound: found(0), pictureFound: found(1) };
}
