/** What single patches say, layer by layer. */
import type { RgbImage } from "../../common/image.ts";
import { type PatchWordsOptions, type PatchWordsResult, patchWords } from "../../lens/patch-words.ts";
import type { Vlm } from "../../vlm/open.ts";

export interface WordsJob {
  readonly given: {
    readonly picture: RgbImage;
    /** Places of the grid in row order, from 0. */
    readonly patches: readonly number[];
    /** Typed words, whose ranks are told. */
    readonly words: readonly string[];
    readonly options?: PatchWordsOptions;
  };
  readonly result: PatchWordsResult;
}

export function words(
  model: Vlm,
  { picture, patches, words: asked, options }: WordsJob["given"],
): Promise<PatchWordsResult> {
  return patchWords(model, picture, patches, asked, options);
}
