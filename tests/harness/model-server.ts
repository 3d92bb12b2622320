import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What reached the server. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, never>;
  /** The wire format that the path stands for. */
  readonly service: Service;
  readonly prompt: string;
  readonly picture: Buffer;
}

export type Service = "openai" | "anthropic" | "google" | "openai-compatible";

/** What to send back: a text in the service's own form, or a status with a body. */
export type Sent =
  | string
  | { readonly status?: number; readonly headers?: Record<string, string>; readonly body?: unknown }
  | ((response: ServerResponse) => void);

export interface ModelServer {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly received: Received[];
  close(): Promise<void>;
}

/** A small server that speaks the four wire formats, on a free port of this machine. */
export async function startModelServer(
  answer: (received: Received, turn: number) => Sent | Promise<Sent>,
): Promise<ModelServer> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    // As most servers, it has no record of how a model is asked.
    if (request.method === "GET") return response.writeHead(404).end("{}");
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    const path = request.url ?? "";
    const service = serviceOf(path);
    const one = { path, headers: request.headers, body, service, ...readers[service](body as never) };
    const sent = await answer(one, received.push(one) - 1);
    if (typeof sent === "function") return sent(response);
    const {
      status = 200,
      headers = {},
      body: reply,
    } = typeof sent === "string" ? { body: replies[service](sent) } : sent;
    response.writeHead(status, { "Content-Type": "application/json", ...headers });
    response.end(typeof reply === "string" ? reply : JSON.stringify(reply ?? {}));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function serviceOf(path: string): Service {
  if (path.endsWith("/responses")) return "openai";
  if (path.endsWith("/messages")) return "anthropic";
  return path.includes(":generateContent") ? "google" : "openai-compatible";
}

/** Text and picture as each wire format carries them. */
const readers: Readonly<Record<Service, (body: never) => { prompt: string; picture: Buffer }>> = {
  openai: ({ input: [{ content }] }: Body) => fromUrl(content[1].text, content[0].image_url as string),
  anthropic: ({ messages: [{ content }] }: Body) => ({
    prompt: content[1].text,
    picture: Buffer.from(content[0].source.data, "base64"),
  }),
  google: ({ contents: [{ parts }] }: Body) => ({
    prompt: parts[1].text,
    picture: Buffer.from(parts[0].inlineData.data, "base64"),
  }),
  "openai-compatible": ({ messages: [{ content }] }: Body) =>
    fromUrl(content[1].text, (content[0].image_url as { url: string }).url),
};

interface Part {
  readonly text: string;
  readonly image_url: string | { readonly url: string };
  readonly source: { readonly data: string };
  readonly inlineData: { readonly data: string };
}

interface Body {
  readonly input: readonly [{ readonly content: readonly Part[] }];
  readonly messages: readonly [{ readonly content: readonly Part[] }];
  readonly contents: readonly [{ readonly parts: readonly Part[] }];
}

function fromUrl(prompt: string, url: string) {
  return { prompt, picture: Buffer.from(url.slice(url.indexOf(",") + 1), "base64") };
}

/** An answer of each service in its own form, of 300 tokens in and 5 out. */
export const replies: Readonly<Record<Service, (text: string) => unknown>> = {
  openai: (text) => ({
    id: "resp_1",
    created_at: 0,
    model: "m",
    output: [
      {
        type: "message",
        role: "assistant",
        id: "msg_1",
        content: [{ type: "output_text", text, annotations: [] }],
      },
    ],
    usage: { input_tokens: 300, output_tokens: 5 },
  }),
  anthropic: (text) => ({
    type: "message",
    id: "msg_1",
    model: "m",
    role: "assistant",
    content: [{ type: "text", text }],
    stop_reason: "end_turn",
    usage: { input_tokens: 300, output_tokens: 5 },
  }),
  google: (text) => ({
    candidates: [{ content: { role: "model", parts: [{ text }] }, finishReason: "STOP" }],
    usageMetadata: { promptTokenCount: 300, candidatesTokenCount: 5, totalTokenCount: 305 },
  }),
  "openai-compatible": (text) => ({
    id: "chat_1",
    created: 0,
    model: "m",
    choices: [{ index: 0, message: { role: "assistant", content: text }, finish_reason: "stop" }],
    usage: { prompt_tokens: 300, completion_tokens: 5, total_tokens: 305 },
  }),
};
