import type { Asking } from "../answers/families.ts";
import { ownTemplates, type PromptQuestion, promptText } from "../answers/prompts/templates.ts";
import { writeAnswer, writeQuestion } from "../answers/write.ts";
import type { Size } from "../common/image.ts";
import type { ImageReader } from "../models/inputs/images.ts";
import { frameReader } from "./frame.ts";

/** A question as a model is asked it, and the answer that it is trained to give. */
export interface Spoken {
  readonly question: string;
  readonly answer: string;
}

/** What a model is asked and says about a picture of a size. */
export type Speech = (question: PromptQuestion, size: Size) => Spoken;

/** The speech of a model: its prompt form, and places in its own numbers of its own processor's pictures. */
export function speechOf(asking: Asking, reader: ImageReader): Speech {
  const frameAt = frameReader(reader, asking.places);
  return (question, size) => {
    const frame = frameAt(size);
    const answer = writeAnswer(question, asking.places, frame);
    if (asking.bare) return { question: writeQuestion(question, asking.places, frame), answer };
    return { question: promptText(ownTemplates(), asking, { ...question, ...size }, frame), answer };
  };
}
