/** A question about a picture, answered in text. */
import { mustBe } from "../common/errors.ts";
import type { RgbImage } from "../common/image.ts";
import { answerText, greedyAnswer } from "./answer.ts";
import type { Vlm } from "./open.ts";
import { answerRoom, promptOf } from "./prompt.ts";

/** How long an answer may be. */
export interface AskOptions {
  /** Most tokens of the answer, its end among them; default 64. */
  readonly maxNewTokens?: number;
}

/** A model's answer. */
export interface Reply {
  readonly text: string;
  /** Whether the model ended its answer within the room it had. */
  readonly ended: boolean;
}

/** The model's greedy answer. Throws a UserError where the question is too long, or a setting is wrong. */
export async function ask(
  model: Vlm,
  picture: RgbImage,
  question: string,
  { maxNewTokens = 64 }: AskOptions = {},
): Promise<Reply> {
  if (!(Number.isInteger(maxNewTokens) && maxNewTokens > 0))
    throw mustBe("ask", "maxNewTokens", "a whole number from 1", maxNewTokens);
  const prompt = promptOf(model, picture, question);
  const { ids, ended } = await greedyAnswer(model, prompt, answerRoom("ask", model, prompt, maxNewTokens));
  return { text: answerText(model, ids), ended };
}
