/** One picture with a question as a model's inputs. */
import { mustBe } from "../common/errors.ts";
import { checkImage, type RgbImage } from "../common/image.ts";
import { type PromptParts, promptParts } from "../hub/text/chat.ts";
import type { PromptRow } from "../models/contract/generation.ts";
import { layoutOf, type ProcessedImage } from "../models/inputs/images.ts";
import type { RowLayout } from "../models/inputs/inputs.ts";
import type { Vlm } from "./open.ts";

/** A question about an image, ready for the model. */
export interface Prompt extends PromptParts {
  readonly image: ProcessedImage;
  /** Places of the image's tokens in the prefix. */
  readonly layout: RowLayout;
}

/** One image and a question (none: only the image) as the model sees them. Throws a UserError. */
export function promptOf(model: Vlm, image: RgbImage, question = ""): Prompt {
  checkImage(model.name, image);
  return promptFor(model, model.reader.preprocess(image), question);
}

/** As {@link promptOf}, of an image that is processed already. */
export function promptFor({ chat, facts }: Vlm, image: ProcessedImage, question = ""): Prompt {
  const parts = promptParts(chat, { question, images: [image.ids] });
  return { ...parts, image, layout: layoutOf(parts.prefix, facts.imageTokenId, [image]) };
}

/** A prompt as a generator takes it. */
export function promptRow({ prefix, question, layout, image }: Prompt): PromptRow {
  return { ids: [...prefix, ...question], layout, images: [image] };
}

/** Tokens that an answer may have: those wanted, or as many as fit. Throws a UserError of `caller` where none fits. */
export function answerRoom(caller: string, model: Vlm, prompt: Prompt, wanted: number): number {
  const { prefix, question } = prompt;
  const left = model.facts.longestRow - prefix.length - question.length;
  if (left >= 1) return Math.min(wanted, left);
  throw mustBe(caller, "question", `shorter by ${1 - left} tokens for ${model.name}`, question.length);
}
