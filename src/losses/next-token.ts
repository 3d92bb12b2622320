/** Next-token prediction, and the shortest example of a loss. */
import { np } from "../engine/array.ts";
import { lastLayer } from "./layers.ts";
import { defineLoss } from "./loss.ts";
import { weightedMean } from "./stable.ts";
import { atPositions, logProbabilities } from "./vocabulary.ts";

/**
 * Next-token prediction: `-(1/|A|) Σ_i log p(a_i | image, prompt, a_<i)` over the batch's answer tokens, the
 * ends of answers included. The head runs only at the A positions that predict one.
 */
export const nextToken = defineLoss({
  name: "ntp",
  needs: { taps: ["hiddenStates"], lastRows: ["answers"], learnsFrom: "answers" },
  compute({ taps, head, batch }) {
    const { answerPositions, answerIds, answerMask } = batch;
    const hidden = atPositions(lastLayer(taps.hiddenStates), answerPositions);
    const logProbability = logProbabilities(head.norm(hidden), head, answerIds);
    return weightedMean(np.negative(logProbability), answerMask);
  },
});
