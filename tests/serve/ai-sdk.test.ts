/** The AI SDK against the server over real HTTP: what its users get. */
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, generateText, type LanguageModel, type ModelMessage, streamText } from "ai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Example } from "../../src/data/example.ts";
import { encodePng } from "../../src/hub/image/image-file.ts";
import { attentionMaps } from "../../src/lens/attention.ts";
import { scenes, startTestServer, type TestServer } from "./support.ts";

let server: TestServer;
let pictures: Example[];
beforeAll(async () => {
  server = await startTestServer({ apiKey: "right" });
  pictures = await scenes(server, 2);
});
afterAll(() => server.close(0));

const clients: [string, (apiKey: string, model?: string) => LanguageModel][] = [
  [
    "openai-compatible",
    (apiKey, model = "full") =>
      createOpenAICompatible({ name: "fovea", baseURL: server.api, apiKey, includeUsage: true })(model),
  ],
  ["openai", (apiKey, model = "full") => createOpenAI({ baseURL: server.api, apiKey }).chat(model)],
];

async function conversation({ image }: Example, question: string): Promise<ModelMessage[]> {
  const picture = { type: "file" as const, data: await encodePng(image), mediaType: "image/png" };
  return [{ role: "user", content: [picture, { type: "text", text: question }] }];
}

describe.each(clients)("@ai-sdk/%s", (_, client) => {
  it("generates the model's answers about pictures, with usage", async () => {
    for (const example of pictures) {
      for (const { question } of example.questions) {
        const here = await attentionMaps(server.vlm, example.image, question);
        const messages = await conversation(example, question);
        const { text, finishReason, usage } = await generateText({
          model: client("right"),
          messages,
          temperature: 0,
          maxOutputTokens: 16,
        });
        expect([text, finishReason]).toEqual([here.answer, "stop"]);
        expect(usage.outputTokens).toBe(here.tokens.length);
        expect(usage.inputTokens).toBeGreaterThan(64);
      }
    }
  });

  it("streams the same text in pieces, with usage", async () => {
    const [example] = pictures;
    const [{ question }] = example.questions;
    const here = await attentionMaps(server.vlm, example.image, question);
    const about = streamText({ model: client("right"), messages: await conversation(example, question) });
    expect(await about.text).toBe(here.answer);
    const result = streamText({ model: client("right"), prompt: "is there a cat ?", maxOutputTokens: 4 });
    const pieces: string[] = [];
    for await (const piece of result.textStream) pieces.push(piece);
    expect(pieces).toEqual(["no", " no", " no", " no"]);
    expect(await result.finishReason).toBe("length");
    expect(await result.usage).toMatchObject({ inputTokens: 10, outputTokens: 4, totalTokens: 14 });
  });

  it("passes stops, seeds and earlier turns on", async () => {
    const model = client("right");
    const stopped = await generateText({ model, prompt: "is there a cat ?", stopSequences: ["no n"] });
    expect([stopped.text, stopped.finishReason]).toEqual(["", "stop"]);
    const settings = { model, prompt: "what is at d3 ?", temperature: 2, seed: 7, maxOutputTokens: 12 };
    expect((await generateText(settings)).text).toBe((await generateText(settings)).text);
    const turns = await generateText({
      model,
      system: "where",
      maxOutputTokens: 2,
      messages: [
        { role: "user", content: "is there a cat ?" },
        { role: "assistant", content: "no" },
        { role: "user", content: "is there a pig ?" },
      ],
    });
    expect(turns.finishReason).toBe("length");
  });

  it.each([
    ["a wrong key", "wrong", "full", 401, "The API key is not the one of this server"],
    [
      "another model",
      "right",
      "gpt-5-mini",
      404,
      'The model "gpt-5-mini" does not exist; this server has "full"',
    ],
  ])("tells of %s, and does not ask again", async (_, key, model, status, message) => {
    const before = server.lines.length;
    const failed = generateText({ model: client(key, model), prompt: "x" });
    const error = await failed.then(
      () => undefined,
      (reason) => reason,
    );
    expect(APICallError.isInstance(error)).toBe(true);
    expect(error).toMatchObject({ statusCode: status, message, isRetryable: false });
    expect(server.lines.length - before).toBe(1);
  });

  it("tells which field is wrong", async () => {
    const failed = generateText({ model: client("right"), prompt: "x", presencePenalty: 3 });
    await expect(failed).rejects.toThrow("presence_penalty: must be a number from -2 to 2, got 3");
  });

  it("stops the model when the caller goes", async () => {
    const caller = new AbortController();
    const broken = server.line("broken off");
    const stream = streamText({
      model: client("right"),
      prompt: "is there a cat ?",
      abortSignal: caller.signal,
      onError() {},
    });
    for await (const _ of stream.textStream) {
      caller.abort();
      break;
    }
    await broken;
    const { text } = await generateText({
      model: client("right"),
      prompt: "is there a cat ?",
      maxOutputTokens: 1,
    });
    expect(text).toBe("no");
  });
});
