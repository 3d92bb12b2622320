/** What a run may cost holds over any number of kills, failures and silent servers. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { createPatience } from "../../src/common/waiting.ts";
import { type Ask, type Provider, ProviderError, type Reply } from "../../src/harness/providers/provider.ts";
import { askWithRetries, countedOf, Ended, type Known } from "../../src/harness/run/attempt.ts";
import { type Counted, openAttempts } from "../../src/harness/run/attempts.ts";
import { costOf, createBudget, dollars, maxInput } from "../../src/harness/run/cost.ts";
import { createLimiter } from "../../src/harness/run/limits.ts";
import { type RunOptions, runModel } from "../../src/harness/run/run.ts";
import { withoutProgress } from "../cli/without-progress.ts";
import { dataFolder, temporaryFolder } from "./data.ts";
import { type ModelServer, type Received, type Sent, startModelServer } from "./model-server.ts";

let server: ModelServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

/** An answer in OpenAI's form, with the usage that the test wants. */
const answer = (usage?: object): Sent => ({
  body: {
    id: "chat_1",
    choices: [{ index: 0, message: { role: "assistant", content: "A" }, finish_reason: "stop" }],
    ...(usage && { usage }),
  },
});

async function setUp(count: number, sent: (received: Received, turn: number) => Sent) {
  server = await startModelServer(sent);
  const notes: string[] = [];
  const options: RunOptions = {
    data: await dataFolder(count),
    model: `${server.url}/v1#m`,
    out: join(await temporaryFolder(), "run"),
    concurrency: 3,
    retries: 2,
    backOff: 1,
    priceIn: 0,
    priceOut: 1000,
    maxOutputTokens: 100, // A tenth of a dollar, where nobody says how long an answer was.
    onNote: (note) => notes.push(note),
  };
  return { options, notes, asked: () => (server as ModelServer).received.length };
}

const attemptsOf = async ({ out }: RunOptions) =>
  (await readFile(join(out, "attempts.jsonl"), "utf8"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("a limit on the cost", () => {
  it.each([
    ["nothing", undefined],
    ["null", { prompt_tokens: null, completion_tokens: null }],
    ["zeros", { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }],
    ["less than nothing", { prompt_tokens: -300, completion_tokens: -5, total_tokens: -305 }],
  ])("holds over several calls where the server reports %s", async (_, usage) => {
    const { options, asked, notes } = await setUp(40, () => answer(usage));
    const first = await runModel({ ...options, maxCost: 1 });
    expect(first).toMatchObject({ stopped: "cost", progress: { done: 10 } });
    expect(first.failure).toBe(
      "$1.00 of $1.00 counted, $1.00 of it not reported and taken at its limit; the next question could cost $0.10",
    );
    const second = await runModel({ ...options, maxCost: 1 });
    expect([second.stopped, asked()]).toEqual(["cost", 10]);
    expect(notes.at(-1)).toContain("$1.00 of --max-cost $1.00 was spent before");
    await runModel({ ...options, maxCost: 1.55 });
    expect(asked()).toBe(15);
    expect((await runModel({ ...options, maxCost: 0.5 })).failure).toMatch(/^\$1\.50 of \$0\.50 counted/);
    expect(asked()).toBe(15);
  });

  it("counts attempts that failed, at their limit, over several calls", async () => {
    const { options, asked } = await setUp(40, (_, turn) => (turn % 2 ? answer() : { status: 500 }));
    for (let call = 0; call < 4; call++) await runModel({ ...options, maxCost: 1 });
    expect(asked()).toBe(10);
  });

  it("counts the question alone where the server turned it down, and nothing where none was sent", async () => {
    const { options } = await setUp(5, () => ({ status: 429 }));
    const turnedDown = { ...options, priceIn: 1000, priceOut: 1000, maxCost: 1000 };
    const { progress } = await runModel(turnedDown);
    const all = await attemptsOf(options);
    const ends = all.filter((line) => !("id" in line));
    const begun = all.filter((line) => "id" in line);
    expect(ends).toHaveLength(begun.length);
    expect(ends.every((line) => line.outputTokens === 0 && line.inputTokens > 1200 && line.estimated)).toBe(
      true,
    );
    expect(progress.cost).toBeCloseTo(
      ends.reduce((sum, line) => sum + line.inputTokens / 1000, 0),
      6,
    );
    await server?.close();
    server = undefined;
    const before = progress.cost as number;
    expect((await runModel(turnedDown)).progress.cost).toBeCloseTo(before, 6);
  });

  it("of nothing, or of less than one question, asks nothing and says why", async () => {
    const { options, asked } = await setUp(3, () => answer());
    for (const maxCost of [0, 1e-9, 0.0999]) {
      const { stopped, failure } = await runModel({ ...options, maxCost });
      expect([stopped, failure]).toEqual([
        "cost",
        `$0.00 of ${dollars(maxCost)} counted; the next question could cost $0.10`,
      ]);
    }
    expect(asked()).toBe(0);
  });

  it("counts the answers of folders that have no log of attempts yet", async () => {
    const { options, asked } = await setUp(40, () => answer());
    await runModel({ ...options, maxCost: 1 });
    await rm(join(options.out, "attempts.jsonl"));
    const { progress } = await runModel({ ...options, maxCost: 1.2 });
    expect([progress.done, asked()]).toEqual([12, 12]);
    const reported = await setUp(9, () =>
      answer({ prompt_tokens: 300, completion_tokens: 50, total_tokens: 350 }),
    );
    await runModel({ ...reported.options, limit: 9 });
    await rm(join(reported.options.out, "attempts.jsonl"));
    const again = await runModel({ ...reported.options, priceIn: 1000 });
    expect(again.progress.cost).toBeCloseTo(9 * 0.35, 9);
    expect(again.progress.estimatedCost).toBeUndefined();
  });

  it("refuses a log whose lines are no attempts, and cuts off half a last one", async () => {
    const { options, asked } = await setUp(4, () => answer());
    await runModel(options);
    const log = join(options.out, "attempts.jsonl");
    const whole = await readFile(log, "utf8");
    await appendFile(log, '{"n":9,"id":"item-');
    await runModel(options);
    expect(await readFile(log, "utf8")).toBe(whole);
    for (const bad of ["no JSON", "[]", '{"n":9}', '{"n":9,"inputTokens":-5,"outputTokens":0}']) {
      await writeFile(log, `${whole}${bad}\n`);
      await expect(runModel(options)).rejects.toThrow(/attempts\.jsonl, line 9: must be an attempt with n, /);
    }
    expect(asked()).toBe(4);
  });
});

it("takes tokens that are none for unreported", () => {
  const most = { inputTokens: 500, outputTokens: 100 };
  const of = (inputTokens?: number, outputTokens?: number, text = "A") =>
    countedOf({ text, inputTokens, outputTokens } as Reply, most);
  expect(of(3, 2)).toEqual({ inputTokens: 3, outputTokens: 2 });
  expect(of(3, 0, "")).toEqual({ inputTokens: 3, outputTokens: 0 });
  expect(of(3)).toEqual({ inputTokens: 3, outputTokens: 100, estimated: true });
  expect(of(undefined, 2)).toEqual({ inputTokens: 500, outputTokens: 2, estimated: true });
  for (const none of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
    expect(of(none, none)).toEqual({ ...most, estimated: true });
});

/** What becomes of one request, as a test draws it. */
interface Fate {
  readonly kind: "reported" | "silent" | "refused" | "failed" | "never";
  /** Share of the most that it really cost. */
  readonly share: number;
}

const price = { input: 1000, output: 4000 };
const ask: Ask = {
  image: { width: 28, height: 28, bytes: new Uint8Array(), mediaType: "image/png" },
  prompt: "how many ?",
  maxOutputTokens: 50,
};

/** A process that asks one question after the other until its fates, or the money, are used up; the last may hang for ever. */
async function oneLife(log: string, limit: number, fates: readonly Fate[], concurrency: number) {
  const attempts = await openAttempts(log);
  const before = [...attempts.before.values()].flat();
  const sum = (all: readonly Counted[]) => all.reduce((total, one) => total + costOf(price, one), 0);
  const known: Known = { replied: false };
  let cost = 0;
  const left = [...fates];
  const provider = {
    ask: async () => {
      const { kind, share } = left.shift() as Fate;
      const input = Math.max(1, Math.floor(share * maxInput(ask)));
      const output = Math.floor(share * ask.maxOutputTokens);
      if (kind === "refused") throw new ProviderError("refused", "no", { billing: "question" });
      cost += costOf(price, { inputTokens: input, outputTokens: output });
      if (kind === "never") return new Promise<never>(() => {});
      if (kind === "failed") throw new ProviderError("refused", "broke off");
      const usage = { inputTokens: input, outputTokens: output };
      return { text: output === 0 ? "" : "A", ...(kind === "reported" && usage) };
    },
  } as unknown as Provider;
  const settings = {
    provider,
    attempts,
    price,
    limiter: createLimiter({}),
    patience: createPatience(0),
    budget: createBudget(limit, sum(before)),
    abort: new AbortController().signal,
  };
  const dead = new AbortController();
  const worker = async () => {
    while (left.length > 0)
      await askWithRetries("item", ask, settings, known, dead.signal, () => {}).catch((error) => {
        if (error instanceof Ended || error === dead.signal.reason) left.length = 0;
        else if (!(error instanceof ProviderError)) throw error;
      });
  };
  const workers = Array.from({ length: concurrency }, worker);
  // Those that hang keep their workers; when nothing moves any more, the process is killed.
  let idle = 0;
  for (let seen = -1; idle < 3; ) {
    await new Promise((go) => setTimeout(go, 2));
    const now = left.length * 1e6 + (await readFile(log, "utf8").catch(() => "")).length;
    idle = now === seen ? idle + 1 : 0;
    seen = now;
  }
  dead.abort();
  await Promise.race([Promise.allSettled(workers), new Promise((go) => setTimeout(go, 5))]);
  await attempts.close();
  return cost;
}

const fate = fc.record({
  kind: fc.constantFrom("reported", "silent", "refused", "failed", "never") as fc.Arbitrary<Fate["kind"]>,
  share: fc.double({ min: 0, max: 1, noNaN: true }),
});

it("what is really billed never passes the limit, killed at any moment any number of times", async () => {
  const lives = fc.array(
    fc.record({
      fates: fc.array(fate, { maxLength: 8 }),
      concurrency: fc.constantFrom(1, 3),
      lost: fc.nat(3),
    }),
    { minLength: 1, maxLength: 5 },
  );
  const limits = fc.double({ min: 0, max: 8, noNaN: true });
  await fc.assert(
    fc.asyncProperty(lives, limits, async (lives, limit) => {
      const log = join(await temporaryFolder(), "attempts.jsonl");
      let billed = 0;
      for (const { fates, concurrency, lost } of lives) {
        billed += await oneLife(log, limit, fates, concurrency);
        await forget(log, lost);
      }
      expect(billed).toBeLessThanOrEqual(limit + 1e-9);
    }),
    { numRuns: 25 },
  );
});

/** A kill can come before the last ends are written, or in the middle of a line. Beginnings are there before anything is sent. */
async function forget(log: string, lost: number): Promise<void> {
  const lines = (await readFile(log, "utf8").catch(() => "")).split("\n").slice(0, -1);
  for (let i = 0; i < lost && lines.length > 0 && !lines.at(-1)?.includes('"id"'); i++) lines.pop();
  await writeFile(log, `${lines.map((line) => `${line}\n`).join("")}{"n":`);
}

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

it("fovea eval --max-cost asks no more than it may, killed with SIGKILL again and again", async () => {
  let child: ReturnType<typeof spawn> | undefined;
  let killAt = 3;
  const { options, asked } = await setUp(60, (_, turn) => {
    if (turn === killAt) child?.kill("SIGKILL");
    return turn % 3 === 0 ? { status: 502 } : answer();
  });
  const limits = [
    "--price-in",
    "0",
    "--price-out",
    "1000",
    "--max-output-tokens",
    "100",
    "--max-cost",
    "1.5",
  ];
  const args = [
    options.data,
    "--model",
    options.model,
    "--out",
    options.out,
    "--concurrency",
    "3",
    ...limits,
  ];
  let end: { code: number | null; err: string } = { code: null, err: "" };
  for (let life = 0; life < 9 && end.code === null; life++) {
    child = spawn(process.execPath, [main, "eval", ...args], { stdio: ["ignore", "ignore", "pipe"] });
    let err = "";
    child.stderr?.on("data", (data) => {
      err += data;
    });
    const [code] = await once(child, "close");
    end = { code, err };
    killAt = asked() + 4;
  }
  expect(end.code).toBe(1);
  expect(withoutProgress(end.err)).toMatch(
    /stopped before the cost could exceed --max-cost: \d+ of 60 answered \(\$1\.50 of \$1\.50 /,
  );
  expect(asked()).toBeLessThanOrEqual(15);
  expect(asked()).toBeGreaterThan(8); // A kill between the note and the request costs a question's money.
});
