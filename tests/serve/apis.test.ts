/** What clients ask beside a plain answer: scores, several answers, the other two APIs, maps; each reply fits the OpenAPI file. */
import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Example } from "../../src/data/example.ts";
import { decodeImage } from "../../src/hub/image/image-file.ts";
import { attentionMaps } from "../../src/lens/attention.ts";
import { lensMaps } from "../../src/lens/logit-lens.ts";
import { openApi } from "../../src/serve/openapi.ts";
import { asked, events, pngUri, scenes, startTestServer, type TestServer } from "./support.ts";

let server: TestServer;
let picture: Example;
let uri: string;
beforeAll(async () => {
  server = await startTestServer();
  [picture] = await scenes(server, 1);
  uri = await pngUri(picture.image);
});
afterAll(() => server.close(0));

const file = JSON.parse(readFileSync("src/serve/openapi.json", "utf8"));
const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addSchema(file, "openapi");

/** The body, once it fits the schema of its name. */
function fits<T = never>(name: string, body: unknown): T {
  const check = ajv.getSchema(`openapi#/components/schemas/${name}`);
  expect(check?.(body), JSON.stringify(check?.errors?.slice(0, 3))).toBe(true);
  return body as T;
}

function send(path: string, body: object): Promise<Response> {
  return fetch(`${server.api}/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ model: "full", ...body }),
  });
}

interface Chat {
  readonly choices: readonly {
    readonly message: { readonly content: string };
    readonly logprobs: { readonly content: readonly Scored[] };
    readonly finish_reason: string;
  }[];
  readonly usage: { readonly completion_tokens: number };
  readonly fovea: Maps;
}

interface Scored {
  readonly token: string;
  readonly logprob: number;
  readonly bytes: readonly number[];
  readonly top_logprobs: readonly { readonly token: string; readonly logprob: number }[];
}

interface Maps {
  readonly image: object;
  readonly lens: {
    readonly geometry: object;
    readonly concepts: readonly {
      readonly word: string;
      readonly layers: readonly {
        readonly layer: number;
        readonly values: number[];
        readonly picture?: string;
        readonly peak: object;
      }[];
    }[];
  };
  readonly attention: {
    readonly tokens: readonly {
      readonly token: string;
      readonly layers: readonly {
        readonly layer: number;
        readonly share: number;
        readonly values: number[];
        readonly heads?: readonly { readonly share: number; readonly values: number[] }[];
      }[];
    }[];
  };
}

const chat = async (body: object) =>
  fits<Chat>("ChatCompletion", await (await send("chat/completions", body)).json());
const presence = () => picture.questions.find(({ answer }) => answer === "yes" || answer === "no")!;

it("keeps the OpenAPI file what the schemas say, every reference resolved", async () => {
  expect(file, "npm run openapi").toEqual(JSON.parse(JSON.stringify(openApi())));
  expect(await (await fetch(`${server.url}/openapi.json`)).json()).toEqual(file);
  for (const name of Object.keys(file.components.schemas))
    expect(() => ajv.getSchema(`openapi#/components/schemas/${name}`)).not.toThrow();
});

it("lists every address of the API, and the server knows each", async () => {
  for (const path of Object.keys(file.paths)) {
    const response = await fetch(server.url + path.replace("{id}", "full"), { method: "DELETE" });
    expect([path, response.status]).toEqual([path, 405]);
    fits("Error", await response.json());
  }
  fits("ModelList", await (await fetch(`${server.api}/models`)).json());
  fits("Model", await (await fetch(`${server.api}/models/full`)).json());
});

it("answers requests that the file's schema takes", () => {
  const request = { model: "full", messages: asked("x", "data:,"), logprobs: true, fovea: { lens: ["cat"] } };
  fits("ChatRequest", request);
  const check = ajv.getSchema("openapi#/components/schemas/ChatRequest");
  expect(check?.({ ...request, fovea: { lens: "cat" } })).toBe(false);
  expect(check?.({ ...request, n: 99 })).toBe(false);
});

describe("log-probabilities", () => {
  it("are those of the model, for yes-or-no scores too", async () => {
    const { question } = presence();
    const body = { messages: asked(question, uri), logprobs: true, top_logprobs: 3 };
    const { choices } = await chat(body);
    const [{ logprobs, message }] = choices;
    const here = await attentionMaps(server.vlm, picture.image, question);
    expect(logprobs.content.map(({ token }) => token).join(" ")).toBe(here.answer);
    expect(message.content).toBe(here.answer);
    const [first] = logprobs.content;
    expect(first.top_logprobs).toHaveLength(3);
    expect(first.top_logprobs[0]).toEqual({ token: first.token, logprob: first.logprob, bytes: first.bytes });
    expect(Buffer.from(first.bytes).toString()).toBe(first.token);
    const [yes, no] = ["yes", "no"].map((word) => first.top_logprobs.find(({ token }) => token === word)!);
    expect(Math.exp(yes.logprob) + Math.exp(no.logprob)).toBeGreaterThan(0.9);
    const told = first.top_logprobs.map(({ logprob }) => logprob);
    expect(told).toEqual([...told].sort((a, b) => b - a));
  });

  it("sum to one over the vocabulary, whatever is drawn and penalised", async () => {
    const body = {
      messages: asked(presence().question, uri),
      logprobs: true,
      top_logprobs: 20,
      max_tokens: 1,
    };
    const plain = (await chat(body)).choices[0].logprobs.content[0];
    const mass = plain.top_logprobs.reduce((sum, { logprob }) => sum + Math.exp(logprob), 0);
    expect(mass).toBeLessThanOrEqual(1 + 1e-6);
    expect(mass).toBeGreaterThan(0.9);
    const hot = { ...body, temperature: 2, seed: 1, repetition_penalty: 3, presence_penalty: 1 };
    const changed = (await chat(hot)).choices[0].logprobs.content[0];
    expect(changed.top_logprobs).toEqual(plain.top_logprobs);
  });

  it("come with the pieces of a stream", async () => {
    const body = { messages: asked(presence().question, uri), logprobs: true, stream: true };
    const chunks = (await events(await send("chat/completions", body)))
      .slice(0, -1)
      .map((line) => JSON.parse(line));
    for (const chunk of chunks) fits("ChatChunk", chunk);
    const whole = await chat({ ...body, stream: false });
    const scores = chunks.flatMap(({ choices: [{ logprobs }] }) => logprobs?.content ?? []);
    expect(scores).toEqual(whole.choices[0].logprobs.content);
  });
});

describe("several answers", () => {
  it("are drawn each by its own seed, the first as alone", async () => {
    const body = { messages: asked("what is at d3 ?"), max_tokens: 6, temperature: 2, seed: 7 };
    const alone = await chat(body);
    const many = await chat({ ...body, n: 4 });
    expect(many.choices.map(({ message }) => message.content)[0]).toBe(alone.choices[0].message.content);
    expect(new Set(many.choices.map(({ message }) => message.content)).size).toBeGreaterThan(1);
    expect(many.usage.completion_tokens).toBeGreaterThan(alone.usage.completion_tokens);
    const data = await events(await send("chat/completions", { ...body, n: 4, stream: true }));
    const texts = ["", "", "", ""];
    for (const line of data.slice(0, -1))
      for (const { index, delta } of JSON.parse(line).choices) texts[index] += delta.content ?? "";
    expect(texts).toEqual(many.choices.map(({ message }) => message.content));
  });
});

it("takes what vLLM and Ollama add", async () => {
  const body = { messages: asked("is there a cat ?"), max_tokens: 4 };
  const said = async (more: object) => (await chat({ ...body, ...more })).choices[0].message.content;
  const greedy = await said({});
  expect(await said({ temperature: 2, top_k: 1, seed: 1 })).toBe(greedy);
  expect(await said({ temperature: 2, min_p: 1, seed: 1 })).toBe(greedy);
  expect(await said({ top_k: -1, min_p: 0, repetition_penalty: 1, keep_alive: "5m", think: false })).toBe(
    greedy,
  );
  expect(await said({ repetition_penalty: 50 })).not.toBe(greedy); // Without a picture it says "no" for ever.
  expect(await said({ chat_template_kwargs: { enable_thinking: false } })).toBe(greedy);
});

it("says why it does not constrain answers", async () => {
  const schema = { type: "json_schema", json_schema: { name: "a", schema: { type: "object" } } };
  const response = await send("chat/completions", { messages: asked("x"), response_format: schema });
  expect(response.status).toBe(400);
  const { error } = fits<{ error: { message: string } }>("Error", await response.json());
  expect(error.message).toMatch(/^response_format: .* is not supported; only \{"type":"text"\} is$/);
});

describe("completions", () => {
  const text = async (body: object) =>
    fits<{ choices: { text: string; logprobs: Record<string, unknown[]>; finish_reason: string }[] }>(
      "TextCompletion",
      await (await send("completions", body)).json(),
    );

  it("go on with a text as it stands", async () => {
    const { choices } = await text({ prompt: "is there a", max_tokens: 3, logprobs: 2 });
    const [{ text: said, logprobs, finish_reason }] = choices;
    expect(said).not.toBe("");
    expect(finish_reason).toBe("length");
    expect(logprobs.tokens).toHaveLength(3);
    expect(logprobs.text_offset[0]).toBe(0);
    expect(logprobs.top_logprobs.map((top) => Object.keys(top as object).length)).toEqual([2, 2, 2]);
    const listed = await text({ prompt: ["is there a"], max_tokens: 3 });
    expect(listed.choices[0].text).toBe(said);
    const data = await events(
      await send("completions", { prompt: "is there a", max_tokens: 3, stream: true }),
    );
    expect(data.at(-1)).toBe("[DONE]");
    const chunks = data.slice(0, -1).map((line) => JSON.parse(line));
    for (const chunk of chunks) fits("TextCompletion", chunk);
    expect(chunks.map(({ choices: [choice] }) => choice.text).join("")).toBe(said);
  });

  it.each([
    ["token ids", { prompt: [1, 2] }, "prompt"],
    ["the prompt said again", { prompt: "x", echo: true }, "echo"],
    ["no prompt", {}, "prompt"],
    ["nothing", { prompt: "" }, "prompt"],
  ])("refuse %s", async (_, body, param) => {
    const response = await send("completions", body);
    expect(response.status).toBe(400);
    expect(fits("Error", await response.json())).toMatchObject({ error: { param } });
  });
});

describe("responses", () => {
  const input = (question: string) => [
    {
      role: "user",
      content: [
        { type: "input_image", image_url: uri, detail: "auto" },
        { type: "input_text", text: question },
      ],
    },
  ];

  it("say what chat completions say", async () => {
    const { question } = presence();
    const here = await attentionMaps(server.vlm, picture.image, question);
    const body = { input: input(question), include: ["message.output_text.logprobs"], top_logprobs: 2 };
    const reply = fits<{ status: string; output: { content: { text: string; logprobs: Scored[] }[] }[] }>(
      "Response",
      await (await send("responses", body)).json(),
    );
    const [{ text, logprobs }] = reply.output[0].content;
    expect([reply.status, text]).toEqual(["completed", here.answer]);
    const whole = await chat({ messages: asked(question, uri), logprobs: true, top_logprobs: 2 });
    expect(logprobs).toEqual(whole.choices[0].logprobs.content);
  });

  it("stream events by their names, numbered, the last with the whole", async () => {
    const response = await send("responses", {
      input: "is there a cat ?",
      max_output_tokens: 3,
      stream: true,
    });
    const blocks = (await response.text()).split("\n\n").filter((block) => block !== "");
    const list = blocks.map((block) => {
      const [, name, data] = /^event: (.*)\ndata: (.*)$/.exec(block)!;
      return { name, data: JSON.parse(data) };
    });
    expect(list.every(({ name, data }) => name === data.type)).toBe(true);
    expect(list.map(({ data }) => data.sequence_number)).toEqual(list.map((_, i) => i));
    expect(list.map(({ name }) => name)).toEqual([
      "response.created",
      "response.in_progress",
      "response.output_item.added",
      "response.content_part.added",
      ...Array(3).fill("response.output_text.delta"),
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.incomplete",
    ]);
    const last = fits<{ output: { content: { text: string }[] }[] }>("Response", list.at(-1)?.data.response);
    const deltas = list.flatMap(({ data }) => data.delta ?? []);
    expect(deltas.join("")).toBe(last.output[0].content[0].text);
  });

  it.each([
    [
      "a conversation that would be kept",
      { input: "x", previous_response_id: "resp_1" },
      "previous_response_id",
    ],
    ["a JSON schema", { input: "x", text: { format: { type: "json_object" } } }, "text"],
    ["a file", { input: [{ role: "user", content: [{ type: "input_file" }] }] }, "input[0].content[0].type"],
    ["scores that are not asked for", { input: "x", top_logprobs: 2 }, "top_logprobs"],
  ])("refuse %s", async (_, body, param) => {
    const response = await send("responses", body);
    expect(response.status).toBe(400);
    expect(fits("Error", await response.json())).toMatchObject({ error: { param } });
  });
});

describe("maps beside the answer", () => {
  const question = () => picture.questions[0].question;
  const word = () => picture.concepts[0].word;
  const round = (values: ArrayLike<number>) => Array.from(values, (value) => Number(value.toFixed(5)));

  it("are the lens of the picture and the attention of the answer, as the library has them", async () => {
    const fovea = { lens: [word()], attention: "heads", layers: "all" };
    const { fovea: maps } = await chat({ messages: asked(question(), uri), fovea });
    const lens = await lensMaps(server.vlm, picture.image, [word()]);
    expect(maps.lens.geometry).toEqual(lens.geometry);
    const [concept] = maps.lens.concepts;
    expect(concept.layers.map(({ layer }) => layer)).toEqual(lens.layers.map(({ layer }) => layer));
    for (const [l, { values }] of concept.layers.entries())
      expect(round(values)).toEqual(round(lens.layers[l].maps[0]));
    const attention = await attentionMaps(server.vlm, picture.image, question());
    expect(maps.attention.tokens.map(({ token }) => token)).toEqual(
      attention.tokens.map(({ token }) => token),
    );
    for (const [t, { layers }] of maps.attention.tokens.entries())
      for (const [l, { share, values, heads }] of layers.entries()) {
        const wanted = attention.tokens[t].layers[l];
        expect(share).toBeCloseTo(wanted.share, 5);
        for (const [n, value] of values.entries()) expect(value).toBeCloseTo(wanted.map[n], 5);
        for (const [h, head] of heads!.entries())
          for (const [n, value] of head.values.entries()) expect(value).toBeCloseTo(wanted.heads[h][n], 5);
      }
  });

  it("are those of the conversation: what was said before changes where the answer looks", async () => {
    const fovea = { attention: "image" };
    const short = await chat({ messages: asked(question(), uri), fovea });
    const before = { role: "system", content: "cat cat cat" };
    const long = await chat({ messages: [before, ...asked(question(), uri)], fovea });
    const last = (maps: Maps) => maps.attention.tokens[0].layers;
    expect(last(short.fovea)).toHaveLength(1);
    expect(round(last(short.fovea)[0].values)).not.toEqual(round(last(long.fovea)[0].values));
  });

  it("are pictures where one asks for them, and come last in a stream", async () => {
    const body = {
      messages: asked(question(), uri),
      stream: true,
      fovea: { lens: [word()], attention: "image", tokens: "first", layers: [1, 4], format: "png" },
    };
    const data = await events(await send("chat/completions", body));
    const last = fits<Chat>("ChatChunk", JSON.parse(data.at(-2)!));
    const [{ layers }] = last.fovea.lens.concepts;
    expect(layers.map(({ layer }) => layer)).toEqual([1, 4]);
    const png = Buffer.from(layers[0].picture!.replace("data:image/png;base64,", ""), "base64");
    const { width, height } = await decodeImage(png);
    expect([width, height]).toEqual([512, 512]);
    expect(last.fovea.attention.tokens).toHaveLength(1);
  });

  it.each([
    ["a word that the model cannot write", { lens: ["zebra crossing"] }, "fovea.lens"],
    ["a layer that there is not", { lens: ["cat"], layers: [9] }, "fovea.layers"],
  ])("refuse %s before anything is generated", async (_, fovea, param) => {
    const response = await send("chat/completions", { messages: asked(question(), uri), fovea });
    expect(response.status).toBe(400);
    expect(fits("Error", await response.json())).toMatchObject({ error: { param } });
  });

  it("refuse two pictures", async () => {
    const [{ content }] = asked(question(), uri) as { content: object[] }[];
    const messages = [{ role: "user", content: [content[0], ...content] }];
    const response = await send("chat/completions", { messages, fovea: { attention: "image" } });
    expect(fits("Error", await response.json())).toMatchObject({ error: { param: "fovea" } });
  });
});
