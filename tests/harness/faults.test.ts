/** Remote models that fail: what the harness makes of it, over real HTTP. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UserError } from "../../src/common/errors.ts";
import { openProvider, type ProviderOptions } from "../../src/harness/providers/open.ts";
import { type Ask, ProviderError } from "../../src/harness/providers/provider.ts";
import type { AnswerRecord } from "../../src/harness/record.ts";
import { type RunOptions, type RunResult, runModel } from "../../src/harness/run/run.ts";
import { encodePng } from "../../src/hub/image/image-file.ts";
import { type FaultServer, type Step, startFaultServer } from "../serve/fault-server.ts";

let server: FaultServer;
let folder: string;
beforeEach(async () => {
  server = await startFaultServer();
  folder = await mkdtemp(join(tmpdir(), "fovea-faults-"));
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const png = await encodePng({ width: 8, height: 8, data: new Uint8Array(8 * 8 * 3) });
const asked: Ask = {
  image: { bytes: png, mediaType: "image/png", width: 8, height: 8 },
  prompt: "how many ?",
  maxOutputTokens: 5,
};
const never = new AbortController().signal;
const key = "sk-secret-of-the-test";

async function ask(steps: readonly Step[], options: ProviderOptions = {}, signal = never) {
  server.add(...steps);
  const provider = await openProvider(`${server.api}#m`, {
    keyEnv: "KEY",
    environment: { KEY: key },
    temperature: 0,
    ...options,
  });
  return provider.ask(asked, signal);
}

/** The `ProviderError` that the step leads to. */
async function failure(step: Step, options: ProviderOptions = {}): Promise<ProviderError> {
  const error = await ask([step], options).then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(ProviderError);
  expect(server.requests.length).toBe(1); // Repetitions are not the provider's work.
  expect(error.message).not.toContain("\n");
  expect(error.message).toContain(`${server.api}#m: `);
  return error;
}

const error = (status: number, more: Partial<Step & { kind: "status" }> = {}): Step => ({
  kind: "status",
  status,
  ...more,
});

describe("a provider", () => {
  it("sends the picture, the prompt and the key, and reads text and usage", async () => {
    expect(await ask([])).toEqual({ text: "how many ?", inputTokens: 7, outputTokens: 3 });
    const [{ question, image, body, headers }] = server.requests;
    expect(question).toBe("how many ?");
    expect(image).toBe(`data:image/png;base64,${Buffer.from(png).toString("base64")}`);
    expect(body).toMatchObject({ model: "m", max_tokens: 5, temperature: 0 });
    expect(headers.authorization).toBe(`Bearer ${key}`);
  });

  it("says when an answer was cut off", async () => {
    expect(await ask([{ kind: "answer", text: "12", finish: "length" }])).toMatchObject({
      text: "12",
      stopped: "length",
    });
  });

  const again: [string, Step, string][] = [
    ["429", error(429), "429 fault 429"],
    ["500", error(500), "500 fault 500"],
    ["503 of a proxy in HTML", error(503, { body: "<html>busy</html>" }), "503"],
    ["half an answer, then a reset", { kind: "half" }, ""],
    ["half a stream of events, then a reset", { kind: "half", stream: true }, ""],
    ["a body shorter than it said", { kind: "truncated" }, ""],
    ["a reset without a word", { kind: "reset" }, ""],
    ["no JSON", { kind: "body", body: "<html>welcome</html>", type: "text/html" }, ""],
    ["half of the JSON", { kind: "body", body: '{"id":"x","choi' }, ""],
    ["JSON of another form", { kind: "body", body: '{"result":"seven"}' }, ""],
    ["no choice at all", { kind: "body", body: '{"id":"x","choices":[]}' }, ""],
  ];
  it.each(again)("may be asked again after %s", async (_, step, text) => {
    const { kind, message } = await failure(step);
    expect(kind).toBe("transient");
    expect(message).toContain(text);
  });

  it.each([
    ["seconds", { "Retry-After": "7" }, 7000],
    ["milliseconds", { "Retry-After-Ms": "250" }, 250],
  ])("passes on how long to wait in %s", async (_, headers, wait) => {
    expect((await failure(error(429, { headers }))).retryAfter).toBe(wait);
  });

  it("gives up after its time, and tells the server", async () => {
    const step: Step = { kind: "slow", until: new Promise(() => {}) };
    const { kind, message } = await failure(step, { timeout: 50 });
    expect(kind).toBe("transient");
    expect(message).toContain("no answer within 50 ms");
    await server.requests[0].gone;
  });

  it("stops when it is told to, with the reason", async () => {
    const stop = new AbortController();
    const answer = ask([{ kind: "slow", until: new Promise(() => {}) }], {}, stop.signal);
    await server.arrived(1);
    stop.abort(new Error("enough"));
    await expect(answer).rejects.toThrow("enough");
    await server.requests[0].gone;
  });

  it.each([
    ["401", error(401), "fatal", "401 fault 401; the key is missing or wrong"],
    ["403", error(403), "fatal", "403 fault 403; the key may not use this model"],
    ["404", error(404), "fatal", "404 fault 404; no such model or address"],
    ["an empty account", error(429, { code: "insufficient_quota" }), "fatal", "429 fault 429"],
    ["400", error(400), "refused", "400 fault 400"],
    ["413", error(413), "refused", "413 fault 413"],
  ] as const)("is not asked again after %s", async (_, step, kind, text) => {
    const found = await failure(step);
    expect(found.kind).toBe(kind);
    expect(found.message).toContain(text);
  });

  it("never shows the key, even where the server repeats it", async () => {
    const { message } = await failure(error(401, { message: `bad key ${key}` }));
    expect(message).toContain("bad key ***");
  });

  it("names an address where nobody listens", async () => {
    const { api } = server;
    await server.close();
    const provider = await openProvider(`${api}#m`);
    const found = await provider.ask(asked, never).catch((reason) => reason);
    expect(found).toMatchObject({ name: "ProviderError", kind: "transient" });
    expect(found.message).toContain(api);
    server = await startFaultServer();
  });
});

/** Six questions, each with a picture of its own. */
const questions = ["one ?", "two ?", "three ?", "four ?", "five ?", "six ?"];

async function writeData(): Promise<string> {
  const data = join(folder, "data");
  await mkdir(join(data, "images"), { recursive: true });
  const lines = questions.map(async (question, i) => {
    const image = { width: 8, height: 8, data: new Uint8Array(8 * 8 * 3).fill(40 * i) };
    await writeFile(join(data, `images/${i}.png`), await encodePng(image));
    const asked = { task: "echo", question, answer: question, answerType: "text", regions: [] };
    return JSON.stringify({
      file_name: `images/${i}.png`,
      id: `item-${i}`,
      questions: [asked],
      concepts: [],
    });
  });
  await writeFile(join(data, "metadata.jsonl"), `${(await Promise.all(lines)).join("\n")}\n`);
  return data;
}

const notes: string[] = [];

async function run(options: Partial<RunOptions> = {}): Promise<RunResult> {
  notes.length = 0;
  return runModel({
    data: await writeData(),
    out: join(folder, "run"),
    model: `${server.api}#m`,
    family: "fovea",
    temperature: 0,
    backOff: 1,
    concurrency: 1,
    onNote: (note) => notes.push(note),
    ...options,
  });
}

async function answers(): Promise<AnswerRecord[]> {
  const lines = (await readFile(join(folder, "run/answers.jsonl"), "utf8")).trimEnd().split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line));
}

/** Every question answered once, with its own answer. */
async function expectAllAnswered(): Promise<void> {
  const found = (await answers()).map(({ id, text }) => [id, text]);
  expect(found.sort()).toEqual(questions.map((question, i) => [`item-${i}/0`, question]));
}

const sent = () => server.requests.map(({ question }) => question);

describe("a run", () => {
  it("gets every answer once from a server that fails in every way that may pass", async () => {
    const faults: Step[] = [
      error(429, { headers: { "Retry-After-Ms": "3" } }),
      error(500),
      { kind: "half" },
      { kind: "truncated" },
      { kind: "body", body: "{}" },
      { kind: "reset" },
    ];
    server.add(...faults.flatMap((fault): Step[] => [fault, { kind: "answer" }]));
    const result = await run();
    expect(result).toMatchObject({ unanswered: 0, refused: 0, progress: { done: 6, right: 6 } });
    await expectAllAnswered();
    // Each question twice in a row, its picture too: once for the fault, once for the answer.
    expect(sent()).toEqual(questions.flatMap((question) => [question, question]));
    const pictures = server.requests.map(({ image }) => image);
    expect(new Set(pictures).size).toBe(6);
    expect(pictures.filter((picture, i) => i % 2 === 1 && picture !== pictures[i - 1])).toEqual([]);
    expect(notes.length).toBeGreaterThan(2);
    expect(notes.every((note) => note.endsWith("; asking again"))).toBe(true);
  });

  it("asks a question until its repetitions are used up, and only that one in the next run", async () => {
    server.add({ kind: "answer" }, error(500), error(502), error(503));
    const result = await run({ retries: 2 });
    expect(result).toMatchObject({ unanswered: 1, progress: { done: 5 } });
    expect(result.failure).toContain("503 fault 503");
    expect(sent().slice(0, 4)).toEqual(["one ?", "two ?", "two ?", "two ?"]);
    expect(sent().length).toBe(8);
    expect(notes.at(-1)).toContain("item-1/0 is left without an answer");
    expect(await run({ retries: 2 })).toMatchObject({ unanswered: 0, progress: { done: 6, before: 5 } });
    expect(sent().slice(8)).toEqual(["two ?"]);
    await expectAllAnswered();
  });

  it("asks again after its time is up, and forgets the late answer", async () => {
    let release = () => {};
    const until = new Promise<void>((resolve) => {
      release = resolve;
    });
    server.add({ kind: "slow", until });
    const result = await run({ timeout: 200 });
    release();
    expect(result.unanswered).toBe(0);
    expect(sent()).toEqual(["one ?", ...questions]);
    await server.requests[0].gone;
    await expectAllAnswered();
  });

  it("ends at once at a wrong key, keeps what it has, and goes on with the right one", async () => {
    server.add({ kind: "answer" }, { kind: "answer" }, error(401));
    const first = await run().catch((reason) => reason);
    expect(first).toBeInstanceOf(UserError);
    expect(first.message).toMatch(/^eval: .*401 fault 401; the key is missing or wrong$/);
    expect((await answers()).length).toBe(2);
    expect(sent()).toEqual(["one ?", "two ?", "three ?"]);
    await run();
    expect(sent()).toEqual(["one ?", "two ?", "three ?", "three ?", "four ?", "five ?", "six ?"]);
    await expectAllAnswered();
  });

  it("counts a question that the server turns down as an answer that cannot be read", async () => {
    server.add({ kind: "answer" }, error(400, { message: "no such pictures here" }));
    expect(await run()).toMatchObject({ unanswered: 0, refused: 1, progress: { done: 6, unparsable: 1 } });
    const [turnedDown] = (await answers()).filter(({ parsed }) => parsed === null);
    expect(turnedDown.id).toBe("item-1/0");
    expect(turnedDown.problem).toContain("400 no such pictures here");
    expect(sent()).toEqual(questions);
  });

  it("ends after failures in a row instead of asking a dead server everything", async () => {
    server.add(...Array.from({ length: 20 }, () => error(500)));
    const result = await run({ retries: 0 });
    expect(result).toMatchObject({ stopped: "failures", unanswered: 6 });
    expect(sent()).toEqual(questions.slice(0, 5));
  });

  it("goes on after it was stopped in the middle of an answer, without asking twice", async () => {
    const stop = new AbortController();
    let release = () => {};
    const until = new Promise<void>((resolve) => {
      release = resolve;
    });
    server.add({ kind: "answer" }, { kind: "slow", until });
    const running = run({ stop: stop.signal });
    await server.arrived(2);
    stop.abort();
    release();
    expect(await running).toMatchObject({ stopped: "interrupted", unanswered: 4 });
    expect(sent()).toEqual(["one ?", "two ?"]);
    expect(await run()).toMatchObject({ unanswered: 0, progress: { before: 2, done: 6 } });
    expect(sent()).toEqual(questions);
    await expectAllAnswered();
  });

  it("breaks off what is under way when told so, and asks that again later", async () => {
    const [stop, abort] = [new AbortController(), new AbortController()];
    server.add({ kind: "answer" }, { kind: "slow", until: new Promise(() => {}) });
    const running = run({ stop: stop.signal, abort: abort.signal });
    await server.arrived(2);
    stop.abort();
    abort.abort();
    expect(await running).toMatchObject({ stopped: "interrupted", unanswered: 5 });
    await server.requests[1].gone;
    await run();
    expect(sent()).toEqual(["one ?", "two ?", "two ?", "three ?", "four ?", "five ?", "six ?"]);
    await expectAllAnswered();
  });

  it("keeps answers apart when several questions are under way and some fail", async () => {
    server.add(
      error(500),
      { kind: "answer" },
      { kind: "reset" },
      error(429, { headers: { "Retry-After-Ms": "1" } }),
      { kind: "half" },
    );
    const result = await run({ concurrency: 4 });
    expect(result).toMatchObject({ unanswered: 0, progress: { done: 6, right: 6 } });
    expect(server.requests.length).toBe(6 + 4);
    await expectAllAnswered();
  });

  it("writes the key nowhere", async () => {
    server.add(error(500, { message: `key ${key} is tired` }));
    await run({ keyEnv: "KEY", environment: { KEY: key } });
    for (const file of ["run.json", "items.jsonl", "answers.jsonl", "prompts.json"])
      expect(await readFile(join(folder, "run", file), "utf8")).not.toContain(key);
    expect(notes.join()).toContain("key *** is tired");
  });
});
