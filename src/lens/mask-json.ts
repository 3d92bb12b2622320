/** A concept cut out, as plain objects: what `fovea segment` prints with `--json` and writes beside its pictures. */
import { maskArea, maskBox } from "../grounding/mask.ts";
import type { MaskRegion } from "../grounding/region.ts";
import { compressCounts, encodeMask } from "../grounding/rle.ts";
import type { Cut } from "./cut.ts";
import { lensSentence, peakOf } from "./findings.ts";
import type { Upsampling } from "./heat.ts";
import type { LensResult } from "./logit-lens.ts";
import { type BinaryMask, maskFromMap } from "./mask.ts";
import { formatShare } from "./scale.ts";

/** COCO's annotation fields of a mask: compressed run lengths, box [x, y, width, height], area in pixels. */
export function cocoOf(region: MaskRegion) {
  const [x0, y0, x1, y1] = maskBox(region) ?? [0, 0, 0, 0];
  return {
    segmentation: { size: region.size, counts: compressCounts(region.counts) },
    bbox: [x0, y0, x1 - x0, y1 - y0],
    area: maskArea(region),
  };
}

export interface MaskSummaryOptions {
  readonly layer: number;
  readonly cut: Cut;
  readonly upsampling?: Upsampling;
}

/** The mask of a result's first concept, in pixels of the original picture, and what is said of it. */
export function maskSummary(result: LensResult, { layer, cut, upsampling = "bilinear" }: MaskSummaryOptions) {
  const { geometry, layers, concepts } = result;
  const values = layers[layer].maps[0];
  const { threshold, by, said } = cut;
  const { mask } = maskFromMap(values, geometry, threshold ?? Number.POSITIVE_INFINITY, upsampling);
  const region = encodeMask(mask.data, mask.height, mask.width);
  const share = maskArea(region) / (mask.width * mask.height);
  const { value, row, column } = peakOf(values, geometry);
  const facts = {
    concept: concepts[0].word,
    layer,
    threshold: threshold ?? null,
    by,
    said,
    peak: value,
    row,
    column,
    share,
    summary: maskSentence(result, layer, cut, share),
    mask: cocoOf(region),
  };
  return { mask, facts } satisfies { readonly mask: BinaryMask; readonly facts: object };
}

function maskSentence(result: LensResult, layer: number, { threshold, by, learnt }: Cut, share: number) {
  const says = lensSentence(result, 0, layer, learnt);
  if (threshold === undefined) return `${says}. The mask is empty.`;
  const from = { given: "as given", otsu: "Otsu's cut", learnt: "learnt" }[by];
  const at = `probability from ${Number(threshold.toPrecision(2))} on, ${from}`;
  if (share === 0) return `${says}. The mask is empty (${at}).`;
  return `${says}. The mask is ${formatShare(share)} of the picture (${at}).`;
}
