import { UserError } from "../common/errors.ts";
import type { HostArray } from "../engine/host.ts";
import { encodePrompt, type Message } from "../hub/chat.ts";
import { onePicture } from "../lens/logit-lens.ts";
import { seeImage, type Vlm } from "../lens/model.ts";
import { ApiError, badRequest } from "./api-error.ts";
import { type ImageRules, imageOf } from "./image.ts";
import type { ChatRequest, RequestMessage } from "./request.ts";

/** What the model is given. */
export interface Prompt {
  /** Token ids, the image's tokens among them. */
  readonly ids: readonly number[];
  /** [1, 3, Y, X]; undefined without an image. */
  readonly pixelValues: HostArray | undefined;
  /** Most new tokens. */
  readonly maxNewTokens: number;
}

/**
 * The conversation through the model's own chat template. Throws an {@link ApiError} of status 400 for more
 * than one image, a picture that cannot be read, and a conversation that does not fit the model.
 */
export async function promptOf(model: Vlm, request: ChatRequest, rules: ImageRules): Promise<Prompt> {
  const images = request.messages.flatMap(({ parts }) => parts.filter(({ type }) => type === "image"));
  const [first, second] = images;
  if (second?.type === "image")
    throw badRequest(
      `${second.param}: this model takes one image a conversation, got a second`,
      second.param,
    );
  const ids = encoded(model, request.messages, images.length);
  const maxNewTokens = room(model, request, ids.length);
  if (first?.type !== "image") return { ids, pixelValues: undefined, maxNewTokens };
  const { pixelValues } = seeImage(model, await imageOf(first.url, first.param, rules));
  return { ids, maxNewTokens, ...onePicture(pixelValues) };
}

function encoded(model: Vlm, messages: readonly RequestMessage[], images: number): number[] {
  const { imageTokens, imageTokenId } = model.facts;
  const options = { imageTokens, addGenerationPrompt: true };
  const ids = asBadRequest(() => encodePrompt(model.chat, messages.map(templateMessage), options));
  const found = ids.filter((id) => id === imageTokenId).length / imageTokens;
  if (found === images) return ids;
  const token = JSON.stringify(model.chat.tokenizer.token(imageTokenId));
  const why = `the text must not contain the image token ${token}`;
  throw badRequest(`messages: ${why}; the prompt has ${found} of them for ${images} images`, "messages");
}

/** Plain text stays a string: templates of text models know nothing else. */
function templateMessage({ role, parts }: RequestMessage): Message {
  const [first] = parts;
  if (parts.length === 1 && first.type === "text") return { role, content: first.text };
  const content = parts.map((part) => (part.type === "image" ? ({ type: "image" } as const) : part));
  return { role, content };
}

/** Templates refuse some conversations, and tokenizers some texts: both are the client's to mend. */
function asBadRequest<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof UserError) throw badRequest(`messages: ${error.message}`, "messages");
    throw error;
  }
}

function room({ facts: { maxPositions } }: Vlm, { maxTokens }: ChatRequest, promptTokens: number): number {
  const left = maxPositions - promptTokens;
  if (left >= 1 && (maxTokens?.value ?? 1) <= left) return maxTokens?.value ?? left;
  const asked = maxTokens === undefined ? "" : ` and ${maxTokens.value} for the answer`;
  throw new ApiError(
    `This model's context is ${maxPositions} tokens; the messages take ${promptTokens}${asked}`,
    {
      status: 400,
      param: left < 1 ? "messages" : maxTokens?.param,
      code: "context_length_exceeded",
    },
  );
}
