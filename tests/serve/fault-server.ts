/**
 * A server of OpenAI's chat completions that fails as it is told: the n-th request gets the n-th step of a
 * script, later ones a plain answer. For testing clients over real HTTP.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Step =
  /** The answer, by default the question itself; with another reason to end than "stop". */
  | { readonly kind: "answer"; readonly text?: string; readonly finish?: string }
  /** A status with an error in OpenAI's shape, or any other body. */
  | {
      readonly kind: "status";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly message?: string;
      readonly code?: string;
      readonly body?: string;
    }
  /** Half of the answer, as JSON or as a stream of events, then a reset of the connection. */
  | { readonly kind: "half"; readonly stream?: boolean }
  /** A Content-Length that the body never reaches: the connection ends, without a reset. */
  | { readonly kind: "truncated" }
  /** Status 200 with a body of one's own. */
  | { readonly kind: "body"; readonly body: string; readonly type?: string }
  /** No word at all: the connection is reset. */
  | { readonly kind: "reset" }
  /** The answer once the promise is kept, or never when the client goes first. */
  | { readonly kind: "slow"; readonly until: Promise<unknown> };

/** What a request asked. */
export interface Asked {
  /** Text of the user's message. */
  readonly question: string;
  /** The picture's data: URI. */
  readonly image: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: IncomingMessage["headers"];
  /** Kept when the client closes the connection before it has an answer. */
  readonly gone: Promise<void>;
}

export interface FaultServer {
  /** `http://127.0.0.1:PORT/v1` */
  readonly api: string;
  /** Every request in order of arrival. */
  readonly requests: readonly Asked[];
  /** Puts steps at the end of the script. */
  add(...steps: readonly Step[]): void;
  /** Kept when so many requests have come. */
  arrived(count: number): Promise<void>;
  close(): Promise<void>;
}

export async function startFaultServer(...script: Step[]): Promise<FaultServer> {
  const requests: Asked[] = [];
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  const server = createServer(async (request, response) => {
    // As most servers, it has no record of how a model is asked.
    if (request.method === "GET") return response.writeHead(404).end("{}");
    const body = JSON.parse(await textOf(request)) as Body;
    const asked = { ...questionOf(body), body, headers: request.headers, gone: leaving(response) };
    requests.push(asked);
    for (const { count, resolve } of waiting) if (requests.length >= count) resolve();
    await play(script.shift() ?? { kind: "answer" }, asked, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    api: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    add: (...steps) => void script.push(...steps),
    arrived(count) {
      if (requests.length >= count) return Promise.resolve();
      return new Promise<void>((resolve) => waiting.push({ count, resolve }));
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Body extends Record<string, unknown> {
  readonly messages: readonly {
    readonly content:
      | string
      | readonly { readonly text?: string; readonly image_url?: { readonly url: string } }[];
  }[];
}

function questionOf({ messages }: Body): Pick<Asked, "question" | "image"> {
  const content = messages.at(-1)?.content ?? "";
  const parts = typeof content === "string" ? [{ text: content }] : content;
  const all = (read: (part: (typeof parts)[number]) => string | undefined) =>
    parts.map((part) => read(part) ?? "").join("");
  return {
    question: all(({ text }) => text),
    image: all((part) => ("image_url" in part ? part.image_url?.url : undefined)),
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function leaving(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    response.on("close", () => response.writableFinished || resolve());
  });
}

async function play(step: Step, asked: Asked, response: ServerResponse): Promise<void> {
  const { socket } = response;
  switch (step.kind) {
    case "answer":
      return void send(response, wholeBody(asked, step.text, step.finish));
    case "status":
      response.writeHead(step.status, { "Content-Type": "application/json", ...step.headers });
      return void response.end(step.body ?? JSON.stringify({ error: errorOf(step) }));
    case "half": {
      const body = step.stream ? streamBody(asked) : wholeBody(asked);
      const type = step.stream ? "text/event-stream" : "application/json";
      response.writeHead(200, { "Content-Type": type, "Transfer-Encoding": "chunked" });
      return void response.write(body.slice(0, body.length / 2), () => socket?.resetAndDestroy());
    }
    case "truncated": {
      const body = wholeBody(asked);
      response.writeHead(200, { "Content-Type": "application/json", "Content-Length": body.length });
      return void response.write(body.slice(0, body.length / 2), () => socket?.end());
    }
    case "body":
      response.writeHead(200, { "Content-Type": step.type ?? "application/json" });
      return void response.end(step.body);
    case "reset":
      return void socket?.resetAndDestroy();
    case "slow":
      await Promise.race([step.until, asked.gone]);
      return void (response.destroyed || send(response, wholeBody(asked)));
  }
}

function send(response: ServerResponse, body: string): void {
  response.writeHead(200, { "Content-Type": "application/json" }).end(body);
}

function errorOf({ status, message = `fault ${status}`, code }: Step & { kind: "status" }) {
  return {
    message,
    type: status >= 500 ? "server_error" : "invalid_request_error",
    param: null,
    code: code ?? null,
  };
}

function wholeBody({ question, body }: Asked, text = question, finish = "stop"): string {
  const message = { role: "assistant", content: text };
  return JSON.stringify({
    id: "chatcmpl-fault",
    object: "chat.completion",
    created: 1,
    model: body.model,
    choices: [{ index: 0, message, finish_reason: finish }],
    usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
  });
}

/** The answer as a stream of words. */
function streamBody({ question, body }: Asked): string {
  const head = { id: "chatcmpl-fault", object: "chat.completion.chunk", created: 1, model: body.model };
  const chunk = (content: string) => ({
    ...head,
    choices: [{ index: 0, delta: { content }, finish_reason: null }],
  });
  const words = question.split(/(?= )/).map((word) => `data: ${JSON.stringify(chunk(word))}\n\n`);
  return `${words.join("")}data: [DONE]\n\n`;
}
