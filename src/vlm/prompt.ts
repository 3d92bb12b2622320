import type { RgbImage } from "../common/image.ts";
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
