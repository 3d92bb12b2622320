/** How much each patch matters for each token of the answer. */
import type { RgbImage } from "../../common/image.ts";
import { type RelevanceOptions, type RelevanceResult, relevanceMaps } from "../../lens/relevance.ts";
import type { Vlm } from "../../vlm/open.ts";

export interface RelevanceJob {
  readonly given: {
    readonly picture: RgbImage;
    readonly question: string;
    readonly options?: RelevanceOptions;
  };
  readonly result: RelevanceResult;
}

export function relevance(
  model: Vlm,
  { picture, question, options }: RelevanceJob["given"],
): Promise<RelevanceResult> {
  return relevanceMaps(model, picture, question, options);
}
