/** A request as the model's thread gets it: its limits checked, its pictures as files of a known size. */
import type { RequestImage } from "./image.ts";
import type { GenerationRequest, RequestMessage } from "./request.ts";

export type ReadPart = { readonly type: "text"; readonly text: string } | RequestImage;

export interface ReadMessage extends Omit<RequestMessage, "parts"> {
  readonly parts: readonly ReadPart[];
}

export type ReadPrompt =
  | { readonly messages: readonly ReadMessage[]; readonly variables: Readonly<Record<string, unknown>> }
  | { readonly text: string };

export interface ReadRequest extends Omit<GenerationRequest, "prompt"> {
  readonly prompt: ReadPrompt;
}

/** The pictures of a request, in order. */
export function imagesOf({ prompt }: Pick<ReadRequest, "prompt">): RequestImage[] {
  if ("text" in prompt) return [];
  return prompt.messages.flatMap(({ parts }) => parts).filter((part) => part.type === "image");
}
