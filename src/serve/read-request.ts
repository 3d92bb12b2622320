/** A request as the model's thread gets it: its limits checked, its pictures as files of a known size. */
import type { RequestImage } from "./image.ts";
import type { ChatRequest, RequestMessage } from "./request.ts";

export type ReadPart = { readonly type: "text"; readonly text: string } | RequestImage;

export interface ReadMessage extends Omit<RequestMessage, "parts"> {
  readonly parts: readonly ReadPart[];
}

export interface ReadRequest extends Omit<ChatRequest, "messages"> {
  readonly messages: readonly ReadMessage[];
}

/** The pictures of a request, in order. */
export function imagesOf({ messages }: ReadRequest): RequestImage[] {
  return messages.flatMap(({ parts }) => parts).filter((part) => part.type === "image");
}
