import type { RgbImage } from "../common/image.ts";
import type { Question } from "../data/example.ts";
import { coverage } from "../grounding/coverage.ts";
import { gridGeometry } from "../grounding/geometry.ts";
import type { Item } from "./item.ts";
import type { Recorder } from "./measurement.ts";

/** Is an answer right? Called with the text of a finished answer. */
type Scorer = (answer: string, question: Question, image: RgbImage) => boolean;

/** The same words, whatever their case and spacing. */
const sameText: Scorer = (answer, question) => normalised(answer) === normalised(question.answer);

/** Tasks whose answer can be right in more than one wording. A task without a line must match its text. */
const scorers: Readonly<Record<string, Scorer>> = { pointing: pointsAtRegion };

/** Two numbers, in hundredths of the image: right when they lie on the object, as in the pointing game. */
function pointsAtRegion(answer: string, question: Question, image: RgbImage): boolean {
  const [x, y, ...more] = answer.trim().split(/\s+/).map(Number);
  if (more.length > 0 || !(x >= 0 && x < 100 && y >= 0 && y < 100)) return false;
  const pixel = [((x + 0.5) / 100) * image.width, ((y + 0.5) / 100) * image.height].map(Math.floor);
  const geometry = gridGeometry(image, 1);
  return question.regions.some(
    (region) => coverage(region, geometry)[pixel[1] * image.width + pixel[0]] >= 0.5,
  );
}

/** Accuracy by task and over all questions. An answer that the model did not end is wrong. */
export function recordAccuracy(recorder: Recorder, { example, answers, image }: Item): void {
  for (const [q, question] of example.questions.entries()) {
    const right = isRight(answers[q], question, example.image) ? 1 : 0;
    const metric = { group: "accuracy", kind: "proportion" } as const;
    recorder.record({ ...metric, name: "all questions" }, right, image);
    recorder.record({ ...metric, name: question.task }, right, image);
  }
}

export function isRight(
  answer: { readonly text: string; readonly ended: boolean },
  question: Question,
  image: RgbImage,
): boolean {
  const scorer = Object.hasOwn(scorers, question.task) ? scorers[question.task] : sameText;
  return answer.ended && scorer(answer.text, question, image);
}

/** Lower case with single spaces. */
export function normalised(text: string): string {
  return text.trim().toLowerCase().replaceAll(/\s+/g, " ");
}
