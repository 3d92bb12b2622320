import { appendFile, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { UserError } from "../../src/common/errors.ts";
import type { AnswerRecord, RunRecord } from "../../src/harness/record.ts";
import { dryRun, dryRunLines } from "../../src/harness/run/dry-run.ts";
import { type RunOptions, runModel } from "../../src/harness/run/run.ts";
import { readRunFolder } from "../../src/harness/score/read.ts";
import { scoreRun } from "../../src/harness/score/scores.ts";
import { dataFolder, temporaryFolder } from "./data.ts";
import { type ModelServer, type Received, type Sent, startModelServer } from "./model-server.ts";

const key = "sk-very-secret-1234567890";
let server: ModelServer;
afterEach(async () => server?.close());

/** Which item was asked, by the number in its question. */
const asked = (received: Received) => Number(/line (\d+)/.exec(received.prompt)?.[1]);
const right = (received: Received) => `It reaches end ${"ABCD"[asked(received) % 4]}.`;

async function setUp(
  count: number,
  answer: (received: Received, turn: number) => Sent | Promise<Sent> = right,
) {
  server = await startModelServer(answer);
  const options: RunOptions = {
    data: await dataFolder(count),
    model: "openai-compatible:m",
    baseUrl: `${server.url}/v1`,
    keyEnv: "K",
    environment: { K: key },
    out: join(await temporaryFolder(), "run"),
    temperature: 0,
    concurrency: 3,
    retries: 2,
    backOff: 1,
  };
  return options;
}

const readText = (options: RunOptions, name: string) => readFile(join(options.out, name), "utf8");

/** Waits until this many answers are on the disk. */
async function written(options: RunOptions, count: number): Promise<void> {
  while ((await readText(options, "answers.jsonl")).split("\n").length <= count)
    await new Promise((go) => setTimeout(go, 5));
}

async function answersOf(options: RunOptions): Promise<AnswerRecord[]> {
  const text = await readText(options, "answers.jsonl");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

describe("a run", () => {
  it("asks every question once and writes a folder that can be scored", async () => {
    const options = await setUp(10);
    const result = await runModel(options);
    expect(result.progress).toEqual({ done: 10, total: 10, before: 0, right: 10, unparsable: 0 });
    expect(server.received.map(asked).sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const run: RunRecord = JSON.parse(await readText(options, "run.json"));
    expect(run).toMatchObject({
      version: 1,
      model: `${server.url}/v1#m`,
      family: "generic",
      identity: `${server.url}/v1`,
      items: 10,
      seed: 0,
      temperature: 0,
      maxOutputTokens: 1024,
    });
    expect(resolve(options.out, run.data)).toBe(resolve(options.data));
    const answer = (await answersOf(options)).find(({ id }) => id === "item-2/0");
    expect(answer).toEqual({
      id: "item-2/0",
      text: "It reaches end C.",
      parsed: { type: "label", value: "C" },
      inputTokens: 300,
      outputTokens: 5,
    });
    expect(scoreRun(await readRunFolder(options.out)).all.accuracy.value).toBe(1);
  });

  it("writes the key nowhere", async () => {
    const options = await setUp(3, ({ headers }) => `You sent ${headers.authorization}`);
    await runModel(options);
    expect(server.received[0].headers.authorization).toBe(`Bearer ${key}`);
    expect((await answersOf(options))[0].text).toBe("You sent Bearer ***");
    for (const name of ["run.json", "items.jsonl", "answers.jsonl", "prompts.json"])
      expect(await readText(options, name)).not.toContain(key);
  });

  it("counts what cannot be read as wrong, with the reason", async () => {
    const options = await setUp(4, (received) => (asked(received) === 1 ? "B or C" : right(received)));
    const { progress } = await runModel(options);
    expect(progress).toMatchObject({ right: 3, unparsable: 1 });
    expect((await answersOf(options)).filter(({ parsed }) => parsed === null)).toEqual([
      expect.objectContaining({ text: "B or C", problem: "more than one choice: B, C" }),
    ]);
  });

  it("does not read an answer that was cut off", async () => {
    const cut = {
      choices: [{ index: 0, message: { role: "assistant", content: "Is it A" }, finish_reason: "length" }],
    };
    const options = await setUp(1, () => ({ body: { id: "x", ...cut } }));
    await runModel({ ...options, maxOutputTokens: 9 });
    const [{ parsed, problem }] = await answersOf(options);
    expect([parsed, problem]).toEqual([null, "cut off after 9 tokens"]);
  });

  it("asks a seeded part of the questions", async () => {
    const options = await setUp(20);
    const first = await runModel({ ...options, limit: 5, seed: 1 });
    expect(first.progress.total).toBe(5);
    const chosen = (await answersOf(options)).map(({ id }) => id).sort();
    const again = { ...options, out: join(await temporaryFolder(), "run") };
    await runModel({ ...again, limit: 5, seed: 1 });
    expect((await answersOf(again)).map(({ id }) => id).sort()).toEqual(chosen);
    const other = { ...options, out: join(await temporaryFolder(), "run") };
    await runModel({ ...other, limit: 5, seed: 2 });
    expect((await answersOf(other)).map(({ id }) => id).sort()).not.toEqual(chosen);
  });
});

describe("going on", () => {
  it("asks only what has no answer yet", async () => {
    const stop = new AbortController();
    const options = await setUp(12, (received, turn) => {
      if (turn === 5) stop.abort();
      return right(received);
    });
    const first = await runModel({ ...options, stop: stop.signal, concurrency: 1 });
    expect(first).toMatchObject({ stopped: "interrupted", unanswered: 6 });
    const second = await runModel(options);
    expect(second.progress).toMatchObject({ done: 12, before: 6, right: 12 });
    expect(server.received).toHaveLength(12);
    expect(new Set(server.received.map(asked)).size).toBe(12);
    const third = await runModel(options);
    expect(third.progress.before).toBe(12);
    expect(server.received).toHaveLength(12);
  });

  it("keeps an answer that comes after it was told to stop, and breaks off when told to", async () => {
    const [stop, abort] = [new AbortController(), new AbortController()];
    const options: RunOptions = await setUp(6, async (received) => {
      if (asked(received) === 0) return right(received);
      if (asked(received) === 1) {
        // All three are under way before it is told to stop: otherwise one of them may never be asked.
        while (server.received.length < 3) await new Promise((go) => setTimeout(go, 1));
        stop.abort();
        await new Promise((go) => setTimeout(go, 30));
        void written(options, 2).then(() => abort.abort());
        return right(received);
      }
      return () => {}; // No answer ever.
    });
    const result = await runModel({ ...options, stop: stop.signal, abort: abort.signal, concurrency: 3 });
    expect(result).toMatchObject({ stopped: "interrupted", unanswered: 4, progress: { done: 2 } });
    expect((await answersOf(options)).map(({ id }) => id)).toEqual(["item-0/0", "item-1/0"]);
  });

  it("cuts off half a last line and asks that question again", async () => {
    const options = await setUp(5);
    await runModel(options);
    const text = await readText(options, "answers.jsonl");
    await writeFile(join(options.out, "answers.jsonl"), text.slice(0, -20));
    const { progress } = await runModel(options);
    expect(progress).toMatchObject({ done: 5, before: 4 });
    expect(server.received).toHaveLength(6);
    expect(new Set((await answersOf(options)).map(({ id }) => id)).size).toBe(5);
  });

  it("refuses other settings and names the first", async () => {
    const options = await setUp(3);
    await runModel(options);
    const other = async (change: Partial<RunOptions>) => {
      const error = await runModel({ ...options, ...change }).catch((error) => error);
      expect(error).toBeInstanceOf(UserError);
      return (error as Error).message;
    };
    expect(await other({ model: "openai-compatible:n" })).toContain("has model ");
    expect(await other({ family: "qwen3_vl" })).toContain('has family "generic", this command "qwen3_vl"');
    expect(await other({ temperature: 1 })).toContain("has temperature 0, this command 1");
    expect(await other({ maxOutputTokens: 5 })).toContain("has maxOutputTokens 1024, this command 5");
    expect(await other({ limit: 2 })).toContain("has items 3, this command 2");
    await appendFile(join(options.data, "metadata.jsonl"), " \n");
    expect(await other({})).toContain("has dataHash");
    expect(server.received).toHaveLength(3);
  });

  it("refuses a line that is no answer, a folder with other files and the data's own folder", async () => {
    const options = await setUp(3);
    await runModel(options);
    await appendFile(join(options.out, "answers.jsonl"), "no JSON\n");
    await expect(runModel(options)).rejects.toThrow(/answers\.jsonl, line 4: must be an answer/);
    await expect(runModel({ ...options, out: join(options.data, "images") })).rejects.toThrow("is not empty");
    await expect(runModel({ ...options, out: options.data })).rejects.toThrow("another folder than the data");
  });

  it("refuses a folder that another process writes to, and takes over from a dead one", async () => {
    const options = await setUp(3);
    await runModel({ ...options });
    await writeFile(join(options.out, "lock"), `1 ${hostname()}`);
    await expect(runModel(options)).rejects.toThrow(/process 1 on .* is writing to it/);
    await writeFile(join(options.out, "lock"), `${2 ** 30} ${hostname()}`);
    await expect(runModel(options)).resolves.toMatchObject({ unanswered: 0 });
  });

  it("lets one of two runs at a time into a folder", async () => {
    const options = await setUp(8);
    const both = await Promise.allSettled([runModel(options), runModel(options)]);
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(server.received).toHaveLength(8);
  });
});

describe("failures", () => {
  it("are asked again while they may pass", async () => {
    const seen = new Map<number, number>();
    const notes: string[] = [];
    const options = await setUp(6, (received) => {
      const times = (seen.get(asked(received)) ?? 0) + 1;
      seen.set(asked(received), times);
      return times <= 2
        ? { status: times === 1 ? 429 : 500, body: { error: { message: "later" } } }
        : right(received);
    });
    const { progress, unanswered } = await runModel({ ...options, onNote: (note) => notes.push(note) });
    expect([progress.right, unanswered]).toEqual([6, 0]);
    expect(server.received).toHaveLength(18);
    expect(notes).toContain(`${server.url}/v1#m: 429 later; asking again`);
  });

  it("wait for a server that asks for ages no longer than they may, and say so", async () => {
    for (const headers of [{ "Retry-After": "1e9" }, { "Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT" }]) {
      const notes: string[] = [];
      const options = await setUp(6, () => ({ status: 429, headers, body: { error: { message: "busy" } } }));
      const waits: (number | undefined)[] = [];
      const { stopped, failure, unanswered } = await runModel({
        ...options,
        maxWait: 30,
        onNote: (note) => notes.push(note),
        onProgress: ({ waiting }) => waits.push(waiting),
      });
      expect([stopped, unanswered]).toEqual(["wait", 6]);
      expect(failure).toContain("429 busy");
      expect(server.received.length).toBeLessThanOrEqual(6);
      expect(notes.join()).toMatch(/: 429 busy; it wants to be left alone for \d+ days, asking again in 1 s/);
      expect(waits).toContain(1);
      await server.close();
    }
  });

  it("end at once when told to stop while they wait", async () => {
    const stop = new AbortController();
    const options = await setUp(6, () => ({ status: 503, headers: { "Retry-After": "3600" } }));
    const result = await runModel({ ...options, stop: stop.signal, onNote: () => stop.abort() });
    expect(result).toMatchObject({ stopped: "interrupted", unanswered: 6 });
    expect(server.received.length).toBeLessThanOrEqual(3);
  });

  it("end the run with one line when no request can succeed", async () => {
    const options = await setUp(50, () => ({
      status: 401,
      body: { error: { message: `wrong key ${key}` } },
    }));
    const error = await runModel(options).catch((error) => error);
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toBe(`eval: ${server.url}/v1#m: 401 wrong key ***; the key is missing or wrong`);
    expect(server.received.length).toBeLessThanOrEqual(3);
  });

  it("leave the question open when they last, and end the run when they come in a row", async () => {
    const once = await setUp(4, (received) => (asked(received) === 2 ? { status: 503 } : right(received)));
    const result = await runModel(once);
    expect(result).toMatchObject({ unanswered: 1, progress: { done: 3, right: 3 } });
    expect(result.stopped).toBeUndefined();
    await server.close();
    const down = await setUp(50, () => ({ status: 503, body: { error: { message: "down" } } }));
    expect(await runModel(down)).toMatchObject({
      stopped: "failures",
      failure: expect.stringContaining("503 down"),
    });
    expect(server.received.length).toBeLessThan(8 * 3);
  });

  it("of one question alone count as its answer; when all are refused it is the request", async () => {
    const filter = { status: 400, body: { error: { message: "content policy" } } };
    const one = await setUp(6, (received) => (asked(received) === 0 ? filter : right(received)));
    expect(await runModel(one)).toMatchObject({ refused: 1, unanswered: 0, progress: { done: 6, right: 5 } });
    const answer = (await answersOf(one)).find(({ id }) => id === "item-0/0");
    expect(answer).toMatchObject({
      text: "",
      parsed: null,
      problem: expect.stringContaining("content policy"),
    });
    await server.close();
    const all = await setUp(20, () => filter);
    expect(await runModel(all)).toMatchObject({ stopped: "failures", refused: 0, unanswered: 20 });
    expect(await answersOf(all)).toEqual([]);
  });
});

describe("cost", () => {
  it("stays within its limit, also over several calls", async () => {
    const options = { ...(await setUp(30)), priceIn: 1000, priceOut: 1000, maxOutputTokens: 100 };
    // An answer costs 300 + 5 thousandths; before it comes it could cost 300 + 100, and the first one more.
    const first = await runModel({ ...options, maxCost: 2 });
    expect(first.stopped).toBe("cost");
    const { cost, done } = first.progress;
    expect(cost).toBeCloseTo(0.305 * done, 6);
    expect(cost as number).toBeLessThanOrEqual(2);
    expect(done).toBeGreaterThan(3);
    const second = await runModel({ ...options, maxCost: 2 });
    expect(second.progress.done).toBe(done);
    const third = await runModel({ ...options, maxCost: 100 });
    expect(third).toMatchObject({ unanswered: 0, progress: { done: 30 } });
  });

  it("with a limit waits for the first answer, which tells what a question costs", async () => {
    let first = true;
    const options = await setUp(9, async (received) => {
      if (first) await new Promise((go) => setTimeout(go, 100));
      if (first) expect(server.received).toHaveLength(1);
      first = false;
      return right(received);
    });
    await runModel({ ...options, priceIn: 1, priceOut: 1, maxCost: 1 });
    expect(server.received).toHaveLength(9);
  });

  it("with a limit needs a price", async () => {
    const options = await setUp(2);
    await expect(runModel({ ...options, maxCost: 1 })).rejects.toThrow("give --price-in and --price-out");
    expect(server.received).toHaveLength(0);
  });

  it("is told before anything is asked, with the first request", async () => {
    const options = { ...(await setUp(5)), priceIn: 2, priceOut: 10, environment: {} };
    const dry = await dryRun(options);
    expect(server.received).toHaveLength(0);
    expect(dry).toMatchObject({ items: 5, mostOutputTokens: 5 * 1024 });
    expect(dry.mostCost).toBeCloseTo((dry.inputTokens * 2 + dry.mostOutputTokens * 10) / 1e6, 9);
    const text = dryRunLines(dry).join("\n");
    expect(text).toContain(`first of 5 questions, to ${server.url}/v1/chat/completions`);
    expect(text).toMatch(/<\d+ bytes, 40 x 20 pixels, SHA-256 [0-9a-f]{64}>/);
    expect(text).toContain("Which end does line 0 reach?");
    await expect(readFile(join(options.out, "run.json"))).rejects.toThrow();
  });
});

it("a baseline is a run without a model", async () => {
  const options = await setUp(40);
  const result = await runModel({ ...options, model: "random" });
  expect(result).toMatchObject({ unanswered: 0, progress: { done: 40 } });
  expect(server.received).toHaveLength(0);
  expect(JSON.parse(await readText(options, "run.json"))).toMatchObject({ model: "random", family: "none" });
  expect(scoreRun(await readRunFolder(options.out)).all.outcomes).toMatchObject({
    unparsable: 0,
    unanswered: 0,
  });
});
