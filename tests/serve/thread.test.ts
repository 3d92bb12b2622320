import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, expect, it } from "vitest";
import { openThread, type Thread, type ThreadOptions } from "../../src/serve/thread.ts";
import type { OddJob } from "./odd-thread.ts";

type OddThread = Thread<string, OddJob, number, number>;

let thread: OddThread | undefined;
afterEach(async () => {
  await thread?.close();
  thread = undefined;
});

const never = new AbortController().signal;

async function open(options: Partial<ThreadOptions> = {}, data?: unknown): Promise<OddThread> {
  const entry = new URL("./odd-thread.ts", import.meta.url);
  thread = await openThread(entry, data, { name: "odd", ...options });
  return thread;
}

const run = (opened: OddThread, job: OddJob, signal = never) => opened.run(job, { signal });

/** Runs a job that says a piece, and takes the wish for it back when the piece has come. */
function runUntilSaid(opened: OddThread, job: OddJob): Promise<number> {
  const caller = new AbortController();
  return opened.run(job, { signal: caller.signal, onPiece: () => caller.abort() });
}

it("does jobs in order and passes on what they say", async () => {
  const opened = await open();
  expect(opened.opened).toBe("open");
  const said: number[] = [];
  const first = opened.run("count", { signal: never, onPiece: (piece) => said.push(piece) });
  expect(await Promise.all([first, run(opened, "count")])).toEqual([1, 2]);
  expect(said).toEqual([0, 1, 2]);
});

it("fails with the job's own error", async () => {
  const opened = await open();
  await expect(run(opened, "refuse")).rejects.toMatchObject({
    name: "ApiError",
    facts: { status: 400, param: "x" },
  });
  await expect(run(opened, "fail")).rejects.toThrow("inside");
  await expect(run(opened, "count")).resolves.toBe(3);
});

it("tells of its opening's error", async () => {
  await expect(open({}, "closed")).rejects.toMatchObject({
    name: "UserError",
    message: "the shop is closed",
  });
});

it.each<[string, OddJob, Partial<ThreadOptions>]>([
  ["ends", "die", {}],
  ["has no more memory", "exhaust", { limits: { maxOldGenerationSizeMb: 30 } }],
])("fails the jobs of a thread that %s, and opens a new one", async (_, job, options) => {
  const deaths: string[] = [];
  const opened = await open({ ...options, onDeath: ({ message }) => deaths.push(message) });
  expect(await run(opened, "count")).toBe(1);
  const [died, waiting] = await Promise.allSettled([run(opened, job), run(opened, "wait")]);
  expect(died).toMatchObject({
    status: "rejected",
    reason: { message: expect.stringContaining("odd thread died") },
  });
  expect(waiting.status).toBe("rejected");
  expect(await run(opened, "count")).toBe(1);
  expect([deaths.length, opened.deaths]).toEqual([1, 1]);
});

it("leaves a job that nobody wants: one that waits, one between two steps, one not begun", async () => {
  const opened = await open();
  await expect(runUntilSaid(opened, "wait")).rejects.toMatchObject({ name: "AbortError" });
  await expect(runUntilSaid(opened, "loop politely")).rejects.toMatchObject({ name: "AbortError" });
  await expect(run(opened, "count", AbortSignal.abort())).rejects.toMatchObject({ name: "AbortError" });
  expect([await run(opened, "count"), opened.deaths]).toEqual([3, 0]);
});

it("ends a thread that does not leave such a job, and opens a new one", async () => {
  const opened = await open({ patience: 50 });
  await expect(runUntilSaid(opened, "loop")).rejects.toThrow("odd thread died");
  expect([await run(opened, "count"), opened.deaths]).toEqual([1, 1]);
});

it("ends one within a pass of ONNX Runtime at the pass's end: the process lives on", async () => {
  const opened = await open({ patience: 50 });
  await expect(runUntilSaid(opened, "pass")).rejects.toThrow("odd thread died");
  expect([await run(opened, "count"), opened.deaths]).toEqual([1, 1]);
});

it.each<OddJob>(["loop", "pass"])(
  "closes a thread that is at work (%s), and opens no new one",
  async (job) => {
    const opened = await open();
    const begun = Promise.withResolvers<void>();
    const looping = opened.run(job, { signal: never, onPiece: () => begun.resolve() });
    await begun.promise;
    const failed = expect(looping).rejects.toThrow("odd thread died");
    await opened.close();
    await failed;
    expect(opened.deaths).toBe(0);
  },
);

it.each([
  ["its own end", "end", 3, null],
  ["a signal", "signal", null, "SIGTERM"],
] as const)(
  "a process whose thread is within a pass survives %s to the exit code",
  async (_, how, ...ended) => {
    const script = fileURLToPath(new URL("./ending-process.ts", import.meta.url));
    const child = spawn(process.execPath, [script, how], { stdio: ["ignore", "ignore", "pipe"] });
    const said = text(child.stderr);
    expect(await once(child, "close")).toEqual(ended);
    expect(await said).toBe("");
  },
);
