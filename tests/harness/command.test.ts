import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { withoutProgress } from "../cli/without-progress.ts";
import { dataFolder, temporaryFolder } from "./data.ts";
import { type ModelServer, type Received, startModelServer } from "./model-server.ts";

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const key = "sk-very-secret-1234567890";
let server: ModelServer;
afterEach(async () => server?.close());

const asked = (received: Received) => Number(/line (\d+)/.exec(received.prompt)?.[1]);
const right = (received: Received) => "ABCD"[asked(received) % 4];

/** `fovea eval ...` as a process of its own. */
function evaluate(args: readonly string[]) {
  const environment = { ...process.env, K: key };
  const child = spawn(process.execPath, [main, "eval", ...args], { env: environment, stdio: "pipe" });
  const text = { out: "", err: "" };
  child.stdout.on("data", (data) => {
    text.out += data;
  });
  child.stderr.on("data", (data) => {
    text.err += data;
  });
  const exit = once(child, "close").then(([code, signal]) => ({
    code,
    signal,
    out: text.out,
    err: withoutProgress(text.err),
  }));
  return { child, exit };
}

async function ids(out: string): Promise<string[]> {
  const text = await readFile(join(out, "answers.jsonl"), "utf8");
  return text
    .split("\n")
    .filter((line) => line.endsWith("}"))
    .map((line) => JSON.parse(line).id);
}

describe("fovea eval FOLDER --model URL#MODEL", () => {
  async function setUp(count: number, answer: Parameters<typeof startModelServer>[0]) {
    server = await startModelServer(answer);
    const out = join(await temporaryFolder(), "run");
    const args = [
      await dataFolder(count),
      "--model",
      `${server.url}/v1#m`,
      "--out",
      out,
      "--concurrency",
      "3",
    ];
    return { out, args: [...args, "--key-env", "K"] };
  }

  it("loses nothing when it is killed, and asks only what was under way again", async () => {
    let kill = () => {};
    const { out, args } = await setUp(40, async (received, turn) => {
      if (turn === 20) kill();
      await new Promise((go) => setTimeout(go, 5));
      return right(received);
    });
    const first = evaluate(args);
    kill = () => first.child.kill("SIGKILL");
    expect((await first.exit).signal).toBe("SIGKILL");
    const before = await ids(out);
    expect(before.length).toBeGreaterThanOrEqual(15);
    const asksBefore = server.received.length;
    kill = () => {};

    const { code, out: printed, err } = await evaluate(args).exit;
    expect([code, err]).toEqual([0, ""]);
    expect(printed).toMatch(/line-tracing +40 +100\.0 %/);
    expect(server.received.length - asksBefore).toBe(40 - before.length);
    // Of those that were asked twice, none had an answer on the disk, and at most three were under way.
    const times = Map.groupBy(server.received, asked);
    const twice = [...times].filter(([, all]) => all.length > 1).map(([item]) => `item-${item}/0`);
    expect(times.size).toBe(40);
    expect(twice.length).toBeLessThanOrEqual(3);
    expect(twice.filter((id) => before.includes(id))).toEqual([]);
    expect((await ids(out)).length).toBe(40);
  });

  it("stops at Ctrl-C with what it has, says so and ends with 130", async () => {
    let interrupt = () => {};
    const { out, args } = await setUp(200, async (received, turn) => {
      if (turn === 10) interrupt();
      await new Promise((go) => setTimeout(go, 20));
      return right(received);
    });
    const { child, exit } = evaluate(args);
    interrupt = () => child.kill("SIGINT");
    const { code, err } = await exit;
    const answered = (await ids(out)).length;
    expect(code).toBe(130);
    expect(err).toBe(
      `fovea: eval: stopped: ${answered} of 200 answered; run the same command again to continue\n`,
    );
    expect(answered).toBe(server.received.length); // What was under way is waited for.
    expect(answered).toBeLessThan(200);
  });

  it("prints one object with --json and shows what it could not read", async () => {
    const { args } = await setUp(6, (received) => (asked(received) === 2 ? "A or B" : right(received)));
    const json = await evaluate([...args, "--json"]).exit;
    const scores = JSON.parse(json.out);
    expect(scores.all.outcomes).toEqual({ right: 5, wrong: 0, unparsable: 1, unanswered: 0 });
    expect(scores.baselines.map(({ name }: { name: string }) => name)).toEqual([
      "blind",
      "random",
      "majority",
    ]);
    const people = await evaluate(args).exit;
    expect(people.out).toContain("1 answer could not be read and counts as wrong:");
    expect(people.out).toContain('item-2/0: more than one choice: A, B: "A or B"');
    expect(server.received).toHaveLength(6);
  });

  it("gives one result however the data is spelled", async () => {
    const { args } = await setUp(6, (received) => (asked(received) === 2 ? "D" : right(received)));
    const [folder, ...rest] = args;
    const results = [];
    for (const spelled of [[folder], ["--data", folder], [folder, "--data", folder]]) {
      const { code, out } = await evaluate([...spelled, ...rest, "--json"]).exit;
      expect(code).toBe(0);
      results.push(JSON.parse(out));
    }
    expect(results[0].all.accuracy.value).toBeCloseTo(5 / 6, 12);
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
    expect(server.received).toHaveLength(6);
  });

  it("holds two models against each other on the same questions, and says in words what that means", async () => {
    const { args } = await setUp(24, (received) => {
      if (String(received.body.model) === "m") return asked(received) === 0 ? "B" : right(received);
      return asked(received) < 12 ? right(received) : "none";
    });
    const against = [...args, "--against", `${server.url}/v1#other`];
    const people = await evaluate(against).exit;
    expect([people.code, people.err]).toEqual([0, ""]);
    expect(people.out).toContain("answers 23 of 24 questions right");
    expect(people.out).toContain("12 gained, 1 lost.");
    expect(people.out).toContain("The gain is significant (McNemar's exact test, p = 0.0034).");
    expect(people.out).toContain("12 answers of");
    expect(people.out).not.toContain("by crossings");
    expect((await evaluate([...against, "--long"]).exit).out).toContain("line-tracing by crossings");
    const json = JSON.parse((await evaluate([...against, "--json"]).exit).out);
    expect(json.against.all.outcomes).toEqual({ right: 12, wrong: 0, unparsable: 12, unanswered: 0 });
    expect(json.comparison.all.mcNemar).toMatchObject({ onlyA: 12, onlyB: 1 });
    expect(server.received).toHaveLength(48);
  });

  it("says in one line what is wrong, without the key", async () => {
    const { args } = await setUp(6, () => ({
      status: 401,
      body: { error: { message: `no such key: ${key}` } },
    }));
    const { code, err, out } = await evaluate(args).exit;
    expect([code, out]).toEqual([1, ""]);
    expect(err).toBe(`fovea: eval: ${server.url}/v1#m: 401 no such key: ***; the key is missing or wrong\n`);
  });
});

it.each([
  [["nowhere", "--model", "blind"], "TASK or FOLDER must be a folder with metadata.jsonl, or one of "],
  [["nowhere"], "--model must be given"],
  [["--model", "openai:gpt-4o"], "TASK or FOLDER must be given for openai:gpt-4o"],
  [["nowhere", "--model", "blind", "--limit", "0"], "--limit must be a whole number of at least 1"],
  [["nowhere", "--model", "blind", "--family", "gpt"], "--family must be one of fovea, openai"],
  [["nowhere", "--model", "blind", "--threshold", "1"], "unknown option --threshold"],
  [
    ["nowhere", "--model", "blind", "--data", "elsewhere"],
    "TARGET nowhere and --data elsewhere name two data sets",
  ],
  [["nowhere", "--model", "blind", "--count", "3"], "--count must be given without TARGET"],
])("fovea eval %j: %s", async (args, message) => {
  const { code, err } = await evaluate(args).exit;
  expect(code).toBe(1);
  expect(err).toContain(message);
  expect(err.trim().split("\n")).toHaveLength(1);
});
