/** Which answers a loss is for: those that the model gets wrong, or is unsure of. Weights without gradient. */
import { z } from "zod";
import { indicator, type NdArray, np, stopGradient } from "../engine/array.ts";
import { type Answers, answersOf } from "./answers.ts";
import type { LossContext } from "./loss.ts";

/** Options of a loss that can be gated. */
export const gateOptions = {
  gate: z
    .enum(["none", "wrong", "unsure", "focal"])
    .default("none")
    .describe(
      "Which answers are supervised, by what the model itself gives the right one. `none`: all. `wrong`: those of which it would say another token. `unsure`: those of a probability under `gateThreshold`. `focal`: all, with weight (1 - p)^gateGamma.",
    ),
  gateThreshold: z
    .number()
    .gt(0)
    .max(1)
    .default(0.5)
    .describe("With `unsure`: the probability of the whole right answer from which on it is left alone."),
  gateGamma: z.number().gt(0).default(2).describe("With `focal`: the exponent, as in focal loss."),
};
export type GateOptions = z.output<z.ZodObject<typeof gateOptions>>;

/** Whether there is a gate, which reads the last hidden states. */
export function isGated({ gate }: GateOptions): boolean {
  return gate !== "none";
}

/**
 * The weight of each question's answer, [B, Q], 0 to 1, through which no gradient flows. With p the probability of all of
 * the answer's tokens, each given the right ones before it (its end left out): `wrong` 1 where one of them is not the
 * likeliest, `unsure` 1 where p is under the threshold, `focal` (1 - p)^γ (Lin et al., arXiv 1708.02002). The hidden
 * states of the last layer must be tapped. Undefined with `none`.
 */
export function answerWeights(context: LossContext, options: GateOptions): NdArray | undefined {
  const { gate } = options;
  return gate === "none" ? undefined : stopGradient(rules[gate](answersOf(context), options));
}

type Rule = (answers: Answers, options: GateOptions) => NdArray;

const rules: Record<Exclude<GateOptions["gate"], "none">, Rule> = {
  wrong: ({ wrongTokens }) => np.minimum(wrongTokens(), 1),
  unsure: ({ logProbability }, { gateThreshold }) => {
    const log = logProbability();
    return indicator(np.less(log, Math.log(gateThreshold)), log);
  },
  focal: ({ logProbability }, { gateGamma }) => {
    const others = np.negative(np.expm1(logProbability())); // 1 - p
    const power = np.exp(np.multiply(np.log(np.maximum(others, 1e-30)), gateGamma));
    return np.where(np.greater(others, 0), power, 0);
  },
};
