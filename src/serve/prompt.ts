import type { RgbImage } from "../common/image.ts";
import { decodeImage } from "../hub/image/image-file.ts";
import { conversationIds, type Message } from "../hub/text/chat.ts";
import type { PromptRow } from "../models/contract/generation.ts";
import { layoutOf, type ProcessedImage } from "../models/inputs/images.ts";
import type { Vlm } from "../vlm/open.ts";
import { ApiError, asBadRequest, badRequest } from "./api-error.ts";
import type { RequestImage } from "./requests/image.ts";
import { imagesOf, type ReadMessage, type ReadPrompt, type ReadRequest } from "./requests/read-request.ts";

/** What the model is given. */
export interface Prompt {
  /** Token ids with the images. */
  readonly row: PromptRow;
  /** Most new tokens. */
  readonly maxNewTokens: number;
  /** The images as the row has them, and as they came. */
  readonly images: readonly ProcessedImage[];
  readonly pictures: readonly RgbImage[];
}

/**
 * The conversation through the model's own chat template, or a text as it stands. Throws an {@link ApiError} of status 400 for a
 * conversation that does not fit the model, before any picture is decoded, and for a damaged picture. `goOn` is called
 * between two steps of work: where it throws, the rest is left.
 */
export async function promptOf(model: Vlm, request: ReadRequest, goOn: () => void): Promise<Prompt> {
  const pictures = imagesOf(request);
  const text = textIds(model, request.prompt, pictures.length);
  goOn();
  const sizes = pictures.map((picture) => asBadRequest(picture.param, () => model.reader.measure(picture)));
  const length = sizes.reduce((sum, { ids }) => sum + ids.length - 1, text.length);
  const maxNewTokens = room(model, request, length);
  const images: ProcessedImage[] = [];
  const decodedPictures: RgbImage[] = [];
  for (const picture of pictures) {
    const decoded = await decodedOf(picture);
    goOn();
    decodedPictures.push(decoded);
    images.push(asBadRequest(picture.param, () => model.reader.preprocess(decoded)));
    goOn();
  }
  const { imageTokenId } = model.facts;
  let next = 0;
  const ids = text.flatMap((id) => (id === imageTokenId ? images[next++].ids : id));
  const row = { ids, layout: layoutOf(ids, imageTokenId, images), images };
  return { row, maxNewTokens, images, pictures: decodedPictures };
}

async function decodedOf({ bytes, format, param }: RequestImage) {
  return decodeImage(bytes).catch(() => {
    throw badRequest(`${param}: the ${format} picture is damaged`, param, "invalid_image");
  });
}

/** Ids of the prompt with one image token for each of its `images` pictures. */
function textIds(model: Vlm, prompt: ReadPrompt, images: number): number[] {
  const { imageTokenId } = model.facts;
  const param = "text" in prompt ? "prompt" : "messages";
  const ids = asBadRequest(param, () => idsOf(model, prompt));
  if (ids.length === 0) throw badRequest(`${param}: must not be empty`, param);
  const count = ids.reduce((sum, id) => sum + (id === imageTokenId ? 1 : 0), 0);
  if (count === images) return ids;
  const token = JSON.stringify(model.chat.tokenizer.token(imageTokenId));
  const why = `the text must not contain the image token ${token}`;
  throw badRequest(`${param}: ${why}; the prompt has ${count} of them for ${images} images`, param);
}

function idsOf({ chat }: Vlm, prompt: ReadPrompt): number[] {
  if ("text" in prompt) return chat.tokenizer.encode(prompt.text, { addSpecialTokens: true });
  return conversationIds(chat, prompt.messages.map(templateMessage), prompt.variables);
}

/** Plain text stays a string: templates of text models know nothing else. */
function templateMessage({ role, parts }: ReadMessage): Message {
  const [first] = parts;
  if (parts.length === 1 && first.type === "text") return { role, content: first.text };
  const content = parts.map((part) => (part.type === "image" ? ({ type: "image" } as const) : part));
  return { role, content };
}

function room({ facts: { longestRow } }: Vlm, { maxTokens }: ReadRequest, promptTokens: number): number {
  const left = longestRow - promptTokens;
  if (left >= 1 && (maxTokens?.value ?? 1) <= left) return maxTokens?.value ?? left;
  const asked = maxTokens === undefined ? "" : ` and ${maxTokens.value} for the answer`;
  throw new ApiError(
    `This model's context is ${longestRow} tokens; the messages take ${promptTokens}${asked}`,
    {
      status: 400,
      param: left < 1 ? "messages" : maxTokens?.param,
      code: "context_length_exceeded",
    },
  );
}
