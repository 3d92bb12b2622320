import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Example } from "../../src/data/example.ts";
import { attentionMaps } from "../../src/lens/attention.ts";
import { asked, events, pngUri, post, scenes, startTestServer, type TestServer } from "./support.ts";

let server: TestServer;
let pictures: Example[];
let uri: string;
beforeAll(async () => {
  server = await startTestServer();
  pictures = await scenes(server, 3);
  uri = await pngUri(pictures[0].image);
});
afterAll(() => server.close(0));

const question = () => pictures[0].questions[0];
const chat = (body: object) => post(server.api, { model: "full", ...body });
const jsonOf = async (response: Promise<Response>) => (await response).json() as Promise<unknown>;

describe("models", () => {
  it("lists the one model and gives it by name", async () => {
    const model = {
      id: "full",
      object: "model",
      created: server.served.notes.created,
      owned_by: "fovea",
      // How it is asked, for who evaluates it over the server.
      fovea: {
        version: 1,
        prompt: "bare",
        family: "fovea",
        places: { scale: "hundredths", order: "xy", form: "plain" },
      },
    };
    expect(await jsonOf(fetch(`${server.api}/models`))).toEqual({ object: "list", data: [model] });
    expect(await jsonOf(fetch(`${server.api}/models/full`))).toEqual(model);
    const unknown = await fetch(`${server.api}/models/gpt-5`);
    expect(unknown.status).toBe(404);
    expect(await unknown.json()).toMatchObject({ error: { code: "model_not_found", param: "model" } });
  });

  it("says that it lives", async () => {
    expect(await jsonOf(fetch(`${server.url}/healthz`))).toEqual({ status: "ok", busy: 0 });
  });
});

describe("a whole answer", () => {
  it("has OpenAI's shape and the answer that the model gives without a server", async () => {
    for (const { image, questions } of pictures) {
      const url = await pngUri(image);
      for (const { question } of questions) {
        const here = await attentionMaps(server.vlm, image, question);
        const body = await jsonOf(chat({ messages: asked(question, url) }));
        const usage = {
          prompt_tokens: expect.any(Number),
          completion_tokens: here.tokens.length,
          total_tokens: expect.any(Number),
        };
        expect(body).toEqual({
          id: expect.stringMatching(/^chatcmpl-\w{32}$/),
          object: "chat.completion",
          created: expect.any(Number),
          model: "full",
          choices: [
            {
              index: 0,
              message: { role: "assistant", content: here.answer, refusal: null },
              logprobs: null,
              finish_reason: "stop",
            },
          ],
          usage,
        });
      }
    }
  });

  it("counts the image's tokens among those of the prompt", async () => {
    const usage = async (messages: object[]) =>
      ((await jsonOf(chat({ messages, max_tokens: 1 }))) as { usage: Record<string, number> }).usage;
    const [text, image] = [await usage(asked("what is this ?")), await usage(asked("what is this ?", uri))];
    expect(image.prompt_tokens - text.prompt_tokens).toBe(64);
    expect(image.total_tokens).toBe(image.prompt_tokens + image.completion_tokens);
  });

  it("takes JPEG and WebP, and messages of the system and of earlier turns", async () => {
    const [first, second] = pictures[0].questions;
    for (const format of ["jpeg", "webp"] as const) {
      const { width, height, data } = pictures[0].image;
      const bytes = await sharp(data, { raw: { width, height, channels: 3 } })
        .toFormat(format, { quality: 100 })
        .toBuffer();
      const url = `data:image/${format};base64,${bytes.toString("base64")}`;
      const messages = [
        { role: "system", content: "yes" },
        ...asked(first.question, url),
        { role: "assistant", content: first.answer },
        { role: "user", content: [{ type: "text", text: second.question }] },
      ];
      const response = await chat({ messages, max_completion_tokens: 4 });
      expect(response.status).toBe(200);
    }
  });

  it("ends at max_tokens, and at a stop text that is not part of the answer", async () => {
    const choice = async (body: object) => {
      const { choices, usage } = (await jsonOf(chat(body))) as {
        choices: { message: { content: string }; finish_reason: string }[];
        usage: { completion_tokens: number };
      };
      return [choices[0].message.content, choices[0].finish_reason, usage.completion_tokens];
    };
    // Without a picture the model says "no" for ever.
    const messages = asked("is there a cat ?");
    expect(await choice({ messages, max_tokens: 3 })).toEqual(["no no no", "length", 3]);
    expect(await choice({ messages, max_completion_tokens: 40 })).toEqual([
      Array(40).fill("no").join(" "),
      "length",
      40,
    ]);
    expect(await choice({ messages, stop: "o no n", max_tokens: 9 })).toEqual(["n", "stop", 3]);
    expect(await choice({ messages, stop: ["yes", "no"], max_tokens: 9 })).toEqual(["", "stop", 1]);
    expect(await choice({ messages, stop: ["no cat"], max_tokens: 2 })).toEqual(["no no", "length", 2]);
  });

  it("samples by temperature and top_p, the same for the same seed", async () => {
    const sample = async (body: object) => {
      const settings = { messages: asked("what is at d3 ?"), max_tokens: 12, ...body };
      const { choices } = (await jsonOf(chat(settings))) as { choices: { message: { content: string } }[] };
      return choices[0].message.content;
    };
    const hot = { temperature: 2, seed: 7 };
    const greedy = await sample({});
    expect(await sample(hot)).toBe(await sample(hot));
    expect(await sample(hot)).not.toBe(greedy);
    expect(await sample({ ...hot, seed: 8 })).not.toBe(await sample(hot));
    expect(await sample({ temperature: 0, seed: 8 })).toBe(greedy);
    expect(await sample({ ...hot, top_p: 0 })).toBe(greedy);
    expect(await sample({ ...hot, top_p: 1e-9 })).toBe(greedy);
  });
});

describe("a stream", () => {
  it("is OpenAI's chunks: role, content, finish, usage, [DONE]", async () => {
    const response = await chat({
      messages: asked("is there a cat ?"),
      max_tokens: 3,
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    const data = await events(response);
    expect(data.pop()).toBe("[DONE]");
    const chunks = data.map((line) => JSON.parse(line));
    const { id, created } = chunks[0];
    const head = { id, object: "chat.completion.chunk", created, model: "full" };
    const delta = (part: object, finish_reason: string | null = null) => ({
      ...head,
      choices: [{ index: 0, delta: part, logprobs: null, finish_reason }],
      usage: null,
    });
    expect(chunks).toEqual([
      delta({ role: "assistant", content: "", refusal: null }),
      delta({ content: "no" }),
      delta({ content: " no" }),
      delta({ content: " no" }),
      delta({}, "length"),
      { ...head, choices: [], usage: { prompt_tokens: 10, completion_tokens: 3, total_tokens: 13 } },
    ]);
  });

  it("says what the whole answer says, and nothing of usage unless asked", async () => {
    const messages = asked(question().question, uri);
    const whole = (await jsonOf(chat({ messages }))) as { choices: { message: { content: string } }[] };
    const data = await events(await chat({ messages, stream: true }));
    const chunks = data.slice(0, -1).map((line) => JSON.parse(line));
    const text = chunks.map(({ choices: [{ delta }] }) => delta.content ?? "").join("");
    expect(text).toBe(whole.choices[0].message.content);
    expect(chunks.some((chunk) => "usage" in chunk)).toBe(false);
    expect(chunks.at(-1).choices[0].finish_reason).toBe("stop");
  });

  it("begins and ends even when nothing is said", async () => {
    const messages = asked("is there a cat ?");
    const data = await events(await chat({ messages, stop: "no", stream: true }));
    const chunks = data.slice(0, -1).map((line) => JSON.parse(line).choices[0]);
    expect(chunks.map(({ delta }) => delta)).toEqual([{ role: "assistant", content: "", refusal: null }, {}]);
    expect(chunks[1].finish_reason).toBe("stop");
  });
});

describe("mistakes", () => {
  const user = (content: unknown) => ({ messages: [{ role: "user", content }] });
  const image = (url: unknown) => user([{ type: "image_url", image_url: { url } }]);
  const at = "messages[0].content[0].image_url.url";
  const fields: [string, object, string, string][] = [
    ["no messages", {}, "messages", "missing_required_parameter"],
    ["an empty list", { messages: [] }, "messages", "invalid_value"],
    ["a role of tools", { messages: [{ role: "tool", content: "x" }] }, "messages[0].role", "invalid_value"],
    ["a number as content", user(3), "messages[0].content", "invalid_value"],
    ["an unknown part", user([{ type: "audio" }]), "messages[0].content[0].type", "invalid_value"],
    [
      "a part without text",
      user([{ type: "text" }]),
      "messages[0].content[0].text",
      "missing_required_parameter",
    ],
    ["an address", image("https://example.com/cat.png"), at, "image_url_not_allowed"],
    ["a file", image("file:///etc/passwd"), at, "invalid_value"],
    ["a URI of text", image("data:text/plain;base64,aGk="), at, "invalid_image"],
    ["a URI without base64", image("data:image/png,abc"), at, "invalid_image"],
    ["letters that are not base64", image("data:image/png;base64,a!b"), at, "invalid_image"],
    ["bytes that are no picture", image("data:image/png;base64,aGVsbG8="), at, "invalid_image"],
    ["the image token as text", user("a <image> b"), "messages", "invalid_value"],
    [
      "too many tokens asked for",
      { ...user("x"), max_tokens: 5000 },
      "max_tokens",
      "context_length_exceeded",
    ],
    ["a long conversation", user("cat ".repeat(2000)), "messages", "context_length_exceeded"],
    ["max_tokens of 0", { ...user("x"), max_tokens: 0 }, "max_tokens", "invalid_value"],
    [
      "contradicting limits",
      { ...user("x"), max_tokens: 1, max_completion_tokens: 2 },
      "max_completion_tokens",
      "invalid_value",
    ],
    ["a hot temperature", { ...user("x"), temperature: 2.5 }, "temperature", "invalid_value"],
    ["too many answers", { ...user("x"), n: 17 }, "n", "invalid_value"],
    ["tools", { ...user("x"), tools: [{ type: "function" }] }, "tools", "unsupported_parameter"],
    [
      "a JSON schema",
      { ...user("x"), response_format: { type: "json_object" } },
      "response_format",
      "unsupported_parameter",
    ],
    [
      "alternatives without log-probabilities",
      { ...user("x"), top_logprobs: 2 },
      "top_logprobs",
      "invalid_value",
    ],
    [
      "many alternatives",
      { ...user("x"), logprobs: true, top_logprobs: 21 },
      "top_logprobs",
      "invalid_value",
    ],
    ["a share above 1", { ...user("x"), min_p: 1.5 }, "min_p", "invalid_value"],
    ["a bias of a word", { ...user("x"), logit_bias: { cat: 1 } }, "logit_bias.cat", "invalid_value"],
    [
      "a variable that the conversation gives",
      { ...user("x"), chat_template_kwargs: { messages: [] } },
      "chat_template_kwargs.messages",
      "invalid_value",
    ],
    ["maps of nothing", { ...user("x"), fovea: {} }, "fovea", "invalid_value"],
    ["maps without a picture", { ...user("x"), fovea: { lens: ["cat"] } }, "fovea", "invalid_value"],
    ["an unknown field of maps", { ...user("x"), fovea: { head: 1 } }, "fovea.head", "unknown_parameter"],
    ["five stops", { ...user("x"), stop: ["1", "2", "3", "4", "5"] }, "stop", "invalid_value"],
    ["an empty stop", { ...user("x"), stop: ["a", ""] }, "stop[1]", "invalid_value"],
    [
      "stream options without a stream",
      { ...user("x"), stream_options: {} },
      "stream_options",
      "invalid_value",
    ],
    ["an unknown field", { ...user("x"), best: 3 }, "best", "unknown_parameter"],
  ];

  it.each(fields)("%s: a 400 that names the field", async (_, body, param, code) => {
    const response = await chat(body);
    const { error } = (await response.json()) as { error: Record<string, unknown> };
    expect({ ...error, status: response.status }).toEqual({
      status: 400,
      message: expect.stringContaining(" "),
      type: "invalid_request_error",
      param,
      code,
    });
  });

  it("gives the same errors to who asks for a stream", async () => {
    const response = await chat({ ...user(3), stream: true });
    expect(response.status).toBe(400);
    expect(response.headers.get("content-type")).toContain("application/json");
  });

  it("takes several pictures", async () => {
    const usageOf = async (messages: object) =>
      (await jsonOf(chat({ messages, max_tokens: 1 }))) as { usage: { prompt_tokens: number } };
    const [one, two] = [
      await usageOf(asked("a", uri)),
      await usageOf([...asked("a", uri), ...asked("a", uri)]),
    ];
    expect(two.usage.prompt_tokens - one.usage.prompt_tokens).toBeGreaterThanOrEqual(64);
  });

  it("refuses a picture of the assistant", async () => {
    const said = [{ ...asked("a", uri)[0], role: "assistant" }];
    expect(await jsonOf(chat({ messages: said }))).toMatchObject({ error: { param: "messages[0].content" } });
  });

  it("refuses damaged pictures, other formats and pictures that would grow huge", async () => {
    const png = Buffer.from(uri.slice(uri.indexOf(",") + 1), "base64");
    const damaged = png.subarray(0, png.length / 2).toString("base64");
    expect(await jsonOf(chat(image(`data:image/png;base64,${damaged}`)))).toMatchObject({
      error: { code: "invalid_image", message: expect.stringContaining("damaged") },
    });
    const gif = await sharp(png).gif().toBuffer();
    expect(await jsonOf(chat(image(`data:image/png;base64,${gif.toString("base64")}`)))).toMatchObject({
      error: { code: "invalid_image", message: expect.stringContaining("got gif") },
    });
    const white = { create: { width: 9000, height: 9000, channels: 3, background: "#fff" } } as const;
    const huge = await sharp(white).png().toBuffer();
    expect(huge.length).toBeLessThan(1e6);
    expect(await jsonOf(chat(image(`data:image/png;base64,${huge.toString("base64")}`)))).toMatchObject({
      error: { code: "image_too_large", message: expect.stringContaining("9000 x 9000") },
    });
  });

  it.each([
    ["no JSON", "{", {}, 400, "invalid_json"],
    ["a list", "[]", {}, 400, null],
    ["another type", "{}", { "Content-Type": "text/plain" }, 415, "unsupported_media_type"],
    [
      "another model",
      '{"model":"gpt-5","messages":[{"role":"user","content":"x"}]}',
      {},
      404,
      "model_not_found",
    ],
  ])("%s", async (_, body, headers, status, code) => {
    const json = { "Content-Type": "application/json", ...headers };
    const response = await post(server.api, body, { headers: json });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { type: "invalid_request_error", code } });
  });

  it("knows other addresses and methods apart", async () => {
    const embeddings = await fetch(`${server.api}/embeddings`, { method: "POST" });
    expect(embeddings.status).toBe(404);
    expect(await embeddings.json()).toMatchObject({ error: { code: "unknown_url" } });
    const get = await fetch(`${server.api}/chat/completions`);
    expect(get.status).toBe(405);
    expect(get.headers.get("allow")).toBe("POST");
  });

  it("shows nobody what failed inside", async () => {
    const broken = { ...server.served, answer: () => Promise.reject(new Error("secret path")) };
    const { createApp } = await import("../../src/serve/app.ts");
    const failures: unknown[] = [];
    const lines: string[] = [];
    const onRequest = (line: string) => lines.push(line);
    const app = createApp(broken, { onRequest, onFailure: (error) => failures.push(error) });
    for (const stream of [false, true]) {
      const body = JSON.stringify({ model: "full", stream, messages: asked("x") });
      const headers = { "Content-Type": "application/json" };
      const response = await app.request("/v1/chat/completions", { method: "POST", headers, body });
      expect(response.status).toBe(500);
      expect(await response.text()).not.toContain("secret");
    }
    expect(failures.map(String)).toEqual(["Error: secret path", "Error: secret path"]);
    expect(lines).toEqual(["POST /v1/chat/completions 500", "POST /v1/chat/completions 500"]);
  });
});
