/** What a model makes of the right answers, question by question: values without gradient. */
import { indicator, type NdArray, np, stopGradient } from "../engine/array.ts";
import { lastLayer } from "./layers.ts";
import { type LossContext, tapped } from "./loss.ts";
import { atPositions, likeliestIds, logProbabilities, oneHot } from "./vocabulary.ts";

/** [B, Q] each, over the tokens of an answer, each given the right ones before it, its end left out; computed when asked for. */
export interface Answers {
  /** How many of its tokens are not the likeliest. */
  readonly wrongTokens: () => NdArray;
  /** log p of the whole; 0 for a question that has no answer. */
  readonly logProbability: () => NdArray;
}

/** Of a context whose hidden states are tapped. */
export function answersOf(context: Pick<LossContext, "batch" | "taps" | "head">): Answers {
  const { answerPositions, answerIds, answerQuestions, lastAnswerPositions } = context.batch;
  const states = atPositions(lastLayer(tapped(context, "hiddenStates")), answerPositions);
  const hidden = stopGradient(context.head.norm(states));
  const belongs = oneHot(answerQuestions, lastAnswerPositions.shape[1], hidden);
  const sum = (values: NdArray) => np.einsum("baq,ba->bq", belongs, values);
  return {
    wrongTokens: () => sum(indicator(np.notEqual(likeliestIds(hidden, context.head), answerIds), hidden)),
    logProbability: () => sum(stopGradient(logProbabilities(hidden, context.head, answerIds))),
  };
}
