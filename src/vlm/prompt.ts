import type { RgbImage } from "../common/image.ts";
import { type PromptParts, promptParts } from "../hub/text/chat.ts";
import type { PromptRow } from "../models/contract/generation.ts";
import { layoutOf, type SeenImage } from "../models/inputs/images.ts";
import type { RowLayout } from "../models/inputs/inputs.ts";
import type { Vlm } from "./open.ts";

/** A question about an image, ready for the model. */
export interface Prompt extends PromptParts {
  readonly seen: SeenImage;
  /** Places of the image's tokens in the prefix. */
  readonly layout: RowLayout;
}

/** One image and a question (none: only the image) as the model sees them. Throws a UserError. */
export function promptOf(model: Vlm, image: RgbImage, question = ""): Prompt {
  return promptFor(model, model.reader.see(image), question);
}

/** As {@link promptOf}, of an image that was seen already. */
export function promptFor({ chat, facts }: Vlm, seen: SeenImage, question = ""): Prompt {
  const parts = promptParts(chat, { question, images: [seen.ids] });
  return { ...parts, seen, layout: layoutOf(parts.prefix, facts.imageTokenId, [seen]) };
}

/** A prompt as a generator takes it. */
export function promptRow({ prefix, question, layout, seen }: Prompt): PromptRow {
  return { ids: [...prefix, ...question], layout, images: [seen] };
}
