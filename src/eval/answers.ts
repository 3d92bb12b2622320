/** Accuracy of answers, by task. */
import { judge } from "../answers/judge.ts";
import { truthOf } from "../answers/kinds.ts";
import { parseAnswer } from "../answers/parse.ts";
import type { Size } from "../common/image.ts";
import type { Question } from "../data/example.ts";
import { type Frame, frameOf, hundredths, type PlaceStyle } from "../grounding/text.ts";
import type { Item } from "./item.ts";
import type { Recorder } from "./measurement.ts";

/**
 * Accuracy by task and over all questions, of a model that writes places in a style. An answer that the model did not
 * end is wrong.
 */
export function recordAccuracy(
  recorder: Recorder,
  { example, answers, geometry, image }: Item,
  places: PlaceStyle,
): void {
  const frame = frameOf(example.image, geometry.processed);
  for (const [q, question] of example.questions.entries()) {
    const right = isRight(answers[q], question, example.image, places, frame) ? 1 : 0;
    const metric = { group: "accuracy", kind: "proportion" } as const;
    recorder.record({ ...metric, name: "all questions" }, right, image);
    recorder.record({ ...metric, name: question.task }, right, image);
  }
}

/**
 * Whether an answer is right, by its kind, as everywhere (see answers/judge.ts). `places`: how the model writes them, in
 * `frame`; by default hundredths.
 */
export function isRight(
  answer: { readonly text: string; readonly ended: boolean },
  question: Question,
  size: Size,
  places: PlaceStyle = hundredths,
  frame: Frame = frameOf(size),
): boolean {
  if (!answer.ended) return false;
  const truth = truthOf(question, size);
  return judge(truth, parseAnswer(answer.text, truth, places, frame).parsed).correct;
}
