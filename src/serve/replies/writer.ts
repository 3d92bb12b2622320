/** How an API writes an answer: whole, or as the events of a stream. */
import { randomUUID } from "node:crypto";
import type { Api } from "../requests/request.ts";
import { chatWriter } from "./chat.ts";
import { completionsWriter } from "./completions.ts";
import type { Asked, ReplyHead, ReplyWriter } from "./reply.ts";
import { responsesWriter } from "./responses.ts";

const writers: Readonly<Record<Api, (head: ReplyHead, asked: Asked) => ReplyWriter>> = {
  chat: chatWriter,
  completions: completionsWriter,
  responses: responsesWriter,
};

export function replyWriter(model: string, asked: Asked): ReplyWriter {
  const head = { id: randomUUID().replaceAll("-", ""), created: Math.floor(Date.now() / 1000), model };
  return writers[asked.api](head, asked);
}
