/** OpenAI's own client against the server over real HTTP. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import OpenAI, {
  APIConnectionError,
  APIUserAbortError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
} from "openai";
import type { ChatCompletionMessageParam } from "openai/resources/chat/completions";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Example } from "../../src/data/example.ts";
import { attentionMaps } from "../../src/lens/attention.ts";
import { openServed } from "../../src/serve/served.ts";
import { startServer } from "../../src/serve/server.ts";
import { modelFolder, pngUri, scenes, startTestServer, type TestServer } from "./support.ts";

let server: TestServer;
let pictures: Example[];
beforeAll(async () => {
  server = await startTestServer({ apiKey: "right" });
  pictures = await scenes(server, 2);
});
afterAll(() => server.close(0));

const client = (options: ConstructorParameters<typeof OpenAI>[0] = {}) =>
  new OpenAI({ baseURL: server.api, apiKey: "right", maxRetries: 0, ...options });

const model = "full";
const cat: ChatCompletionMessageParam[] = [{ role: "user", content: "is there a cat ?" }];
const create = (more: object = {}) =>
  client().chat.completions.create({ model, messages: cat, max_tokens: 4, ...more });

async function failureOf(promise: Promise<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> {
  const error = await promise.then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(OpenAI.APIError);
  return error;
}

describe("models", () => {
  it("are listed and retrieved", async () => {
    const ids: string[] = [];
    for await (const { id, object } of client().models.list()) ids.push(`${object} ${id}`);
    expect(ids).toEqual(["model full"]);
    expect(await client().models.retrieve(model)).toMatchObject({
      id: model,
      object: "model",
      owned_by: "fovea",
    });
    const missing = await failureOf(client().models.retrieve("gpt-5"));
    expect(missing).toBeInstanceOf(NotFoundError);
    expect(missing).toMatchObject({ status: 404, code: "model_not_found", param: "model" });
  });
});

describe("chat", () => {
  it("answers about pictures as the model does without a server", async () => {
    for (const { image, questions } of pictures) {
      const url = await pngUri(image);
      for (const { question } of questions) {
        const here = await attentionMaps(server.vlm, image, question);
        const completion = await client().chat.completions.create({
          model,
          messages: [
            {
              role: "user",
              content: [
                { type: "image_url", image_url: { url, detail: "high" } },
                { type: "text", text: question },
              ],
            },
          ],
        });
        expect(completion.choices[0]).toMatchObject({
          finish_reason: "stop",
          message: { content: here.answer },
        });
        expect(completion.usage?.completion_tokens).toBe(here.tokens.length);
      }
    }
  });

  it("ends at max_tokens and stop texts, and draws the same for the same seed", async () => {
    const answer = async (more: object) => {
      const { choices } = (await create(more)) as OpenAI.ChatCompletion;
      return [choices[0].message.content, choices[0].finish_reason];
    };
    expect(await answer({})).toEqual(["no no no no", "length"]);
    expect(await answer({ stop: ["o no n"] })).toEqual(["n", "stop"]);
    const hot = { temperature: 2, top_p: 0.9, seed: 11 };
    expect(await answer(hot)).toEqual(await answer(hot));
  });
});

describe("a stream", () => {
  it("says the answer in pieces, with usage", async () => {
    const stream = await client().chat.completions.create({
      model,
      messages: cat,
      max_tokens: 3,
      stream: true,
      stream_options: { include_usage: true },
    });
    const pieces: unknown[] = [];
    for await (const { choices, usage } of stream)
      pieces.push(choices[0]?.delta.content ?? choices[0]?.finish_reason ?? usage?.total_tokens);
    expect(pieces).toEqual(["", "no", " no", " no", "length", 13]);
  });

  it("is put together by the client's helper", async () => {
    const stream = client().chat.completions.stream({ model, messages: cat, max_tokens: 3 });
    expect(await stream.finalContent()).toBe("no no no");
  });

  it("stops the model when it is left, by break and by abort", async () => {
    const broken = server.line("broken off");
    const first = await client().chat.completions.create({ model, messages: cat, stream: true });
    for await (const _ of first) break;
    await broken;
    const again = server.line("broken off");
    const second = await client().chat.completions.create({ model, messages: cat, stream: true });
    for await (const _ of second) second.controller.abort();
    await again;
    expect(server.failures).toEqual([]);
  });

  it("fails before it begins as a whole answer does", async () => {
    const error = await failureOf(
      create({ stream: true, messages: [{ role: "user", content: "cat ".repeat(2000) }] }),
    );
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error.code).toBe("context_length_exceeded");
  });
});

describe("errors", () => {
  it.each<[string, object, string | null, string]>([
    ["a hot temperature", { temperature: 3 }, "temperature", "invalid_value"],
    ["tools", { tools: [{ type: "function", function: { name: "f" } }] }, "tools", "unsupported_parameter"],
    [
      "a damaged picture",
      {
        messages: [
          {
            role: "user",
            content: [{ type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } }],
          },
        ],
      },
      "messages[0].content[0].image_url.url",
      "invalid_image",
    ],
  ])("of %s are BadRequestErrors that name the field", async (_, more, param, code) => {
    const error = await failureOf(create(more));
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error).toMatchObject({ status: 400, param, code, type: "invalid_request_error" });
  });

  it("of another model and of a wrong key have their own kinds", async () => {
    expect(await failureOf(create({ model: "gpt-5" }))).toBeInstanceOf(NotFoundError);
    const asked = client({ apiKey: "wrong" }).chat.completions.create({ model, messages: cat });
    const error = await failureOf(asked);
    expect(error).toBeInstanceOf(AuthenticationError);
    expect(error.code).toBe("invalid_api_key");
  });

  it("of a server that is not there are APIConnectionErrors", async () => {
    const gone = await startTestServer();
    await gone.close(0);
    const asked = client({ baseURL: gone.api }).chat.completions.create({ model, messages: cat });
    expect(await failureOf(asked)).toBeInstanceOf(APIConnectionError);
  });
});

it("an abort of the caller's ends the request, under way and in the line", async () => {
  const caller = new AbortController();
  const waiting = Array.from({ length: 3 }, () =>
    client().chat.completions.create({ model, messages: cat }, { signal: caller.signal }),
  );
  while (server.served.busy < 3) await new Promise(setImmediate);
  caller.abort();
  for (const request of waiting) expect(await failureOf(request)).toBeInstanceOf(APIUserAbortError);
  while (server.served.busy > 0) await new Promise(setImmediate);
  expect(((await create()) as OpenAI.ChatCompletion).choices[0].message.content).toBe("no no no no");
});

describe("a server without room", () => {
  it("is asked again after the time that it names, or fails as an InternalServerError", async () => {
    const served = await openServed(modelFolder, { maxWaiting: 0 });
    const own = await startServer(served, { port: 0, host: "127.0.0.1" });
    const busy = client({ baseURL: `${own.url}/v1` });
    const long = await busy.chat.completions.create({ model, messages: cat, stream: true });
    const error = await failureOf(busy.chat.completions.create({ model, messages: cat }));
    expect(error).toBeInstanceOf(InternalServerError);
    expect(error).toMatchObject({ status: 503, code: "overloaded" });
    expect(error.headers?.get("retry-after")).toBe("1");
    const patient = busy.chat.completions.create({ model, messages: cat, max_tokens: 1 }, { maxRetries: 5 });
    for await (const _ of long) break;
    expect((await patient).choices[0].message.content).toBe("no");
    await own.close(0);
  });

  let proxy: Server;
  afterAll(() => proxy?.close());

  it("is asked again when the connection breaks", async () => {
    let calls = 0;
    proxy = createServer(async (request, response) => {
      if (calls++ === 0) return request.socket.resetAndDestroy();
      const body = Buffer.concat(await request.toArray());
      const headers = { "Content-Type": "application/json", Authorization: "Bearer right" };
      const answer = await fetch(`${server.url}${request.url}`, { method: "POST", headers, body });
      response.writeHead(answer.status, { "Content-Type": "application/json" }).end(await answer.text());
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => proxy.once("listening", resolve));
    const baseURL = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/v1`;
    const { choices } = await client({ baseURL, maxRetries: 1 }).chat.completions.create({
      model,
      messages: cat,
      max_tokens: 1,
    });
    expect([choices[0].message.content, calls]).toEqual(["no", 2]);
  });
});
