/** What a model's own map proposes for a word: where it sees it, as a mask, its box and its likeliest point. */
import type { ImageGeometry, RgbImage } from "../../../common/image.ts";
import { maskArea, maskBox } from "../../../grounding/mask.ts";
import type { MaskRegion, Region } from "../../../grounding/region.ts";
import { encodeMask } from "../../../grounding/rle.ts";
import { conceptMask, cutOf } from "../../../lens/cut.ts";
import { type Peak, peakOf } from "../../../lens/findings.ts";
import type { LensResult } from "../../../lens/logit-lens.ts";
import type { StudioModel } from "../../models/model.ts";

export interface Suggestion {
  readonly word: string;
  /** What the model sees, or that it does not, in a sentence that begins with "sees" or "does not see". */
  readonly sentence: string;
  /** Undefined where the model does not see the word. */
  readonly mask?: MaskRegion;
  readonly box?: Region;
  readonly point?: Region;
}

/** Asks a model for the map of a word. Throws a `UserError` for a word that it cannot write. */
export async function suggest(
  model: StudioModel,
  picture: RgbImage,
  word: string,
  signal?: AbortSignal,
): Promise<Suggestion> {
  const given = { picture, words: [word], options: { ranks: true } };
  const result = await model.run("lens", given, signal ? { signal } : {});
  return suggestionOf(result, word, model.card.pixelThreshold);
}

/** From the last layer, cut as `fovea segment` cuts it: where pixels' `learnt` threshold lies beside the model, there. */
export function suggestionOf(result: LensResult, word: string, learnt?: number): Suggestion {
  const cut = learnt === undefined ? {} : { learnt };
  const { threshold, said, by } = cutOf(result, 0, cut);
  const peak = peakOf(result.layers[result.layers.length - 1].maps[0], result.geometry);
  const likeliest = `its likeliest patch gives the word ${share(peak.value)}`;
  if (!said || threshold === undefined)
    return { word, sentence: `does not see “${word}” anywhere: ${likeliest}.` };
  const { width, height, data } = conceptMask(result, 0, cut);
  const mask = encodeMask(data, height, width);
  const box = maskBox(mask);
  if (box === undefined) return { word, sentence: `does not see “${word}” anywhere: ${likeliest}.` };
  const covered = maskArea(mask) / (width * height);
  const sentence = `sees “${word}” on ${share(covered)} of the picture, where its map is at least ${share(threshold)} (${by === "learnt" ? "learnt" : "Otsu's cut"}); ${likeliest}.`;
  return { word, sentence, mask, box: { kind: "box", box }, point: peakPoint(result.geometry, peak) };
}

const share = (value: number) => `${(100 * value).toPrecision(2)} %`.replace(/^(\d+)\.0 /, "$1 ");

/** The middle of a patch, in pixels of the original picture. */
function peakPoint(geometry: ImageGeometry, { row, column }: Peak): Region {
  const { scaleX, scaleY, offsetX, offsetY, patch: side, original } = geometry;
  const x = (column - 0.5) * side;
  const y = (row - 0.5) * side;
  const clamp = (value: number, most: number) => Math.min(most - 0.5, Math.max(0, Math.round(2 * value) / 2));
  const at = [
    clamp((x - offsetX) / scaleX, original.width),
    clamp((y - offsetY) / scaleY, original.height),
  ] as const;
  return { kind: "points", points: [at] };
}
