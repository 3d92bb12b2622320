import { UserError } from "../common/errors.ts";
import { encodePrompt, imageTokensIn, type Message } from "../hub/chat.ts";
import type { PromptRow } from "../models/generation.ts";
import { layoutOf, type SeenImage } from "../models/images.ts";
import type { Vlm } from "../vlm/open.ts";
import { ApiError, badRequest } from "./api-error.ts";
import { type ImageRules, imageOf } from "./image.ts";
import type { ChatRequest, RequestMessage } from "./request.ts";

/** What the model is given. */
export interface Prompt {
  /** Token ids with the images. */
  readonly row: PromptRow;
  /** Most new tokens. */
  readonly maxNewTokens: number;
}

/**
 * The conversation through the model's own chat template. Throws an {@link ApiError} of status 400 for a picture
 * that cannot be read, and a conversation that does not fit the model.
 */
export async function promptOf(model: Vlm, request: ChatRequest, rules: ImageRules): Promise<Prompt> {
  const images: SeenImage[] = [];
  for (const part of request.messages.flatMap(({ parts }) => parts))
    if (part.type === "image") images.push(model.reader.see(await imageOf(part.url, part.param, rules)));
  const ids = encoded(model, request.messages, images);
  const maxNewTokens = room(model, request, ids.length);
  const layout = layoutOf(ids, model.facts.imageTokenId, images);
  return { row: { ids, layout, images }, maxNewTokens };
}

function encoded(model: Vlm, messages: readonly RequestMessage[], images: readonly SeenImage[]): number[] {
  const { imageTokenId } = model.facts;
  const conversation = messages.map(templateMessage);
  const options = { images: images.map(({ ids }) => ids), addGenerationPrompt: true };
  const count = asBadRequest(() => imageTokensIn(model.chat, conversation));
  if (count === images.length) return asBadRequest(() => encodePrompt(model.chat, conversation, options));
  const token = JSON.stringify(model.chat.tokenizer.token(imageTokenId));
  const why = `the text must not contain the image token ${token}`;
  throw badRequest(
    `messages: ${why}; the prompt has ${count} of them for ${images.length} images`,
    "messages",
  );
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

function room({ facts: { longestRow } }: Vlm, { maxTokens }: ChatRequest, promptTokens: number): number {
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
