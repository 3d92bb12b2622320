/**
 * node fuzz/attack/serve.ts [--model checkpoints/full] [CASE ...]
 *
 * Sends heavy and hostile requests to `fovea serve-api`, case by case (all by default), each to a server of its own.
 * Meanwhile asks it for /health and /v1/models over and over, and a server that does nothing else (the control) as
 * often: what both wait for is the machine's doing. Prints a row of a Markdown table for every case; the peak memory is
 * known on Linux alone. Ends with 1 where the server died, a poll failed, or a case was not through after four minutes.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { quantile } from "../../src/eval/statistics.ts";
import { caseNames, caseOf } from "./serve-cases.ts";
import type { Attack, News } from "./serve-worker.ts";

const root = resolve(import.meta.dirname, "../..");
const { values, positionals } = parseArgs({
  options: { model: { type: "string", default: resolve(root, "checkpoints/full") } },
  allowPositionals: true,
});

/** No case, and no single answer, is waited for any longer. */
const patience = 240_000;
/** A server that takes more is killed before the machine runs out. */
const mostMegabytes = 5000;

const controlProgram = `
const server = require("node:http").createServer((_, response) => response.end("ok"));
server.listen(0, "127.0.0.1", () => console.log("control: http://127.0.0.1:" + server.address().port));`;

interface Server {
  readonly name: string;
  readonly url: string;
  /** Why the process ended, if it did. */
  died(): string | undefined;
  megabytes(): number;
  kill(): void;
}

/** Starts a process whose first line is "NAME: URL". */
async function start(args: readonly string[]): Promise<Server> {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  let end: string | undefined;
  const closed = once(child, "close");
  child.stderr.on("data", (text) => {
    said = withoutRequests(said + text).slice(-2000);
  });
  child.once("exit", (code, signal) => {
    end = `ended with ${signal ?? code} ${said}`.trim();
  });
  const [, name, url] = /^(.+): (http\S+)$/.exec(await firstLine(child.stdout)) ?? [];
  if (name === undefined || url === undefined) {
    child.kill("SIGKILL");
    await closed;
    throw new Error(`no server came up: ${said.trim()}`);
  }
  return {
    name,
    url,
    died: () => end,
    megabytes: () => megabytesOf(child),
    kill: () => void child.kill("SIGKILL"),
  };
}

/** Nothing where the stream ends without one; reads on, so that the writer never waits. */
async function firstLine(stream: Readable): Promise<string> {
  const lines = createInterface(stream);
  const [line = ""] = await Promise.race([once(lines, "line"), once(lines, "close")]);
  return line;
}

/** What a server said besides its line for every request. */
function withoutRequests(said: string): string {
  const lines = said.split("\n");
  return lines.filter((line) => !/^(GET|POST) /.test(line)).join("\n");
}

function megabytesOf({ pid }: ChildProcess): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** An answer's status code, or what went wrong, on a connection of its own. */
function ask(url: string, body?: string): Promise<string> {
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  const options = { method: body === undefined ? "GET" : "POST", agent: false, headers };
  return new Promise((done) => {
    const failed = (error: NodeJS.ErrnoException) => done(error.code ?? error.message);
    const sent = request(url, { ...options, signal: AbortSignal.timeout(patience) }, (response) => {
      response.resume();
      response.once("end", () => done(String(response.statusCode)));
      response.once("error", failed);
    });
    sent.on("error", failed);
    sent.end(body);
  });
}

/** What was asked over and over at one address, and how long each answer took. */
class Poll {
  readonly milliseconds: number[] = [];
  readonly failures: string[] = [];
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async ask(): Promise<void> {
    const begin = performance.now();
    const status = await ask(this.#url);
    this.milliseconds.push(performance.now() - begin);
    if (status !== "200") this.failures.push(status);
  }

  at(share: number): string {
    return quantile(
      this.milliseconds.toSorted((a, b) => a - b),
      share,
    ).toFixed(1);
  }
}

/** Sends a case's requests from another thread; comes back once they are about to go out. */
async function attack(of: Attack): Promise<{ worker: Worker; answers(): readonly string[] | undefined }> {
  const worker = new Worker(new URL("./serve-worker.ts", import.meta.url), { workerData: of });
  let answers: readonly string[] | undefined;
  worker.on("message", (news: News) => {
    if (news.kind === "done") answers = news.answers;
  });
  await once(worker, "message");
  return { worker, answers: () => answers };
}

interface Outcome {
  readonly row: string;
  readonly broken: readonly string[];
}

async function measure(name: string, server: Server, control: Server): Promise<Outcome> {
  const healthUrl = server.url.replace("/v1", "/health");
  await ask(healthUrl); // The first answer of a process takes longer than any other.
  const health = new Poll(healthUrl);
  const models = new Poll(`${server.url}/models`);
  const idle = new Poll(control.url);
  const { worker, answers } = await attack({ api: server.url, model: server.name, name });
  let peak = 0;
  const watch = setInterval(() => {
    peak = Math.max(peak, server.megabytes());
    if (peak > mostMegabytes) server.kill();
  }, 20);
  const begin = performance.now();
  while (!answers() && !server.died() && performance.now() - begin < patience) {
    for (const poll of [health, models, idle]) await poll.ask();
    await sleep(15);
  }
  const seconds = (performance.now() - begin) / 1000;
  await askLittle(server);
  clearInterval(watch);
  await worker.terminate();
  const broken = [...health.failures, ...models.failures].map((status) => `a poll got ${status}`);
  const died = server.died();
  if (died !== undefined) broken.push(`the server ${died}`);
  else if (!answers()) broken.push("not all requests were answered in time");
  const cells = [
    name,
    seconds.toFixed(1),
    health.milliseconds.length + models.milliseconds.length,
    [0.5, 0.99, 1].map((share) => health.at(share)).join(" / "),
    models.at(1),
    idle.at(1),
    peak > 0 ? Math.round(peak) : "unknown",
    countsOf(answers() ?? []),
  ];
  return { row: rowOf(cells), broken };
}

/** A question that waits until the server is through with what clients left behind: that counts for the peak too. */
async function askLittle({ url, name }: Server): Promise<void> {
  const messages = [{ role: "user", content: "cat" }];
  await ask(`${url}/chat/completions`, JSON.stringify({ model: name, max_tokens: 1, messages }));
}

function countsOf(answers: readonly string[]): string {
  const counts = Object.entries(Object.groupBy(answers, (answer) => answer));
  return counts.map(([answer, same]) => `${same?.length} x ${answer}`).join(", ") || "none";
}

const rowOf = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`;

const names = positionals.length > 0 ? positionals : caseNames;
for (const name of names) caseOf(name);
const heads = ["s", "polls", "/health p50 / p99 / max ms", "/v1/models max ms", "control max ms", "peak MB"];
console.log(rowOf(["case", ...heads, "answers"]));
console.log(rowOf(["---", ...heads.map(() => "--:"), "---"]));
const serveArgs = [resolve(root, "src/cli/main.ts"), "serve-api", "--model", values.model, "--port", "0"];
const control = await start(["-e", controlProgram]);
try {
  for (const name of names) {
    const server = await start(serveArgs);
    try {
      const { row, broken } = await measure(name, server, control);
      console.log(row);
      for (const what of new Set(broken)) console.error(`BROKEN ${name}: ${what}`);
      if (broken.length > 0) process.exitCode = 1;
    } finally {
      server.kill();
    }
  }
} finally {
  control.kill();
}
