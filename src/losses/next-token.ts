/** Next-token prediction, and the shortest example of a loss. */
import { z } from "zod";
import { np } from "../engine/array.ts";
import { defineLoss, tapped } from "./loss.ts";
import { weightedMean } from "./stable.ts";
import { atPositions, logProbabilities } from "./vocabulary.ts";

/**
 * Next-token prediction: `-(1/|A|) Σ_i log p(a_i | image, prompt, a_<i)` over the batch's answer tokens, the
 * ends of answers included. The head runs only at the A positions that predict one.
 */
export const nextToken = defineLoss({
  name: "ntp",
  options: z.strictObject({}),
  needs: () => ({ taps: ["hiddenStates"], learnsFrom: "answers" }),
  compute(context) {
    const { answerPositions, answerIds, answerMask } = context.batch;
    const hidden = atPositions(tapped(context, "hiddenStates").at(-1)!, answerPositions);
    const logProbability = logProbabilities(context.head.norm(hidden), context.head, answerIds);
    return { loss: weightedMean(np.negative(logProbability), answerMask) };
  },
});
