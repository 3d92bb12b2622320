/** The bodies and events of OpenAI's responses. Nothing is kept, so none can be had again by its id. */
import type { Answered } from "../speaker.ts";
import { type Asked, type ReplyHead, type ReplyWriter, type Said, scoresOf } from "./reply.ts";
import type { OutputMessage, ResponseBody } from "./schemas.ts";

export function responsesWriter(head: ReplyHead, asked: Asked): ReplyWriter {
  const messageId = `msg_${head.id}`;
  const started = bodyOf(head, asked);
  const place = { item_id: messageId, output_index: 0, content_index: 0 };
  let sequence = 0;
  const event = (type: string, fields: object) => ({ type, sequence_number: sequence++, ...fields });
  const part = (text: string, logprobs: ReturnType<typeof scoresOf>) => ({
    type: "output_text" as const,
    text,
    annotations: [],
    logprobs,
  });
  const messageOf = (status: OutputMessage["status"], content: OutputMessage["content"]): OutputMessage => ({
    id: messageId,
    type: "message",
    status,
    role: "assistant",
    content,
  });
  const ended = ([{ text, tokens }]: readonly Said[], answered: Answered) => {
    const [finish] = answered.finishes;
    const status = finish === "stop" ? ("completed" as const) : ("incomplete" as const);
    const own = part(text, scoresOf(tokens));
    const item = messageOf(status, [own]);
    const body: ResponseBody = {
      ...started,
      status,
      incomplete_details: finish === "stop" ? null : { reason: "max_output_tokens" },
      output: [item],
      usage: usageOf(answered),
      ...(answered.maps && { fovea: answered.maps }),
    };
    return { body, item, own };
  };
  return {
    whole: (said, answered) => ended(said, answered).body,
    begin: () => [
      event("response.created", { response: started }),
      event("response.in_progress", { response: started }),
      event("response.output_item.added", { output_index: 0, item: messageOf("in_progress", []) }),
      event("response.content_part.added", { ...place, part: part("", []) }),
    ],
    pieces: (pieces) => {
      const delta = pieces.map(({ text }) => text).join("");
      const logprobs = scoresOf(pieces.flatMap(({ tokens }) => tokens));
      if (delta === "" && logprobs.length === 0) return [];
      return [event("response.output_text.delta", { ...place, delta, logprobs })];
    },
    end: (said, answered) => {
      const { body, item, own } = ended(said, answered);
      const { text, logprobs } = own;
      return [
        event("response.output_text.done", { ...place, text, logprobs }),
        event("response.content_part.done", { ...place, part: own }),
        event("response.output_item.done", { output_index: 0, item }),
        event(`response.${body.status}`, { response: body }),
      ];
    },
  };
}

/** As it is before the first token. */
function bodyOf({ id, created, model }: ReplyHead, { sampling }: Asked): ResponseBody {
  return {
    id: `resp_${id}`,
    object: "response",
    created_at: created,
    status: "in_progress",
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: {},
    model,
    output: [],
    parallel_tool_calls: false,
    previous_response_id: null,
    store: false,
    temperature: sampling.temperature,
    text: { format: { type: "text" } },
    tool_choice: "none",
    tools: [],
    top_p: sampling.topP,
    truncation: "disabled",
    usage: null,
  };
}

function usageOf({ promptTokens, tokens }: Answered): NonNullable<ResponseBody["usage"]> {
  return {
    input_tokens: promptTokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: tokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: promptTokens + tokens,
  };
}
