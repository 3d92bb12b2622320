/**
 * node fuzz/attack/studio.ts [--requests 1000] [--clients 4] [--seed 0]
 *
 * Starts `fovea studio` with a model in a thread, has clients ask it for jobs and files and do all that goes wrong
 * (studio-clients.ts), twice: the first round is what memory is measured against. Meanwhile a thread asks for /healthz every
 * 20 ms, and a server that does nothing else (the control) as often: what both wait for is the machine's doing. Ends with 1
 * where an answer was wrong, the server died, memory grew by more than 10 %, or health took more than 100 ms beyond the control.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { quantile } from "../../src/eval/statistics.ts";
import { openRemote } from "../../src/studio/models/remote.ts";
import { attackStudio } from "./studio-clients.ts";

const root = resolve(import.meta.dirname, "../..");
const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "1000" },
    clients: { type: "string", default: "4" },
    seed: { type: "string", default: "0" },
  },
});
const [requests, clients, seed] = [values.requests, values.clients, values.seed].map(Number);

const poller = `
const { parentPort, workerData } = require("node:worker_threads");
const { request } = require("node:http");
const ask = (url) => new Promise((done) => {
  const begin = performance.now();
  const sent = request(url, { agent: false }, (answer) => {
    answer.resume();
    answer.once("end", () => done([answer.statusCode, performance.now() - begin]));
  });
  sent.on("error", (error) => done([error.code, performance.now() - begin]));
  sent.end();
});
const all = workerData.map(() => []);
let goes = true;
parentPort.once("message", () => { goes = false; });
(async () => {
  while (goes) {
    for (const [i, url] of workerData.entries()) all[i].push(await ask(url));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  parentPort.postMessage(all);
})();`;

type Asked = readonly (readonly [status: number | string, milliseconds: number])[];

const control = createServer((_, response) => response.end("ok"));
control.listen(0, "127.0.0.1");
await once(control, "listening");
const controlUrl = `http://127.0.0.1:${(control.address() as AddressInfo).port}/`;

const command = [resolve(root, "src/cli/main.ts"), "studio", "--no-open", "--port", "0", "--model"];
const child = spawn(process.execPath, [...command, resolve(root, "checkpoints/full")], {
  stdio: ["ignore", "pipe", "pipe"],
});
child.stderr.resume(); // What it says of strange jobs.
const [said] = await once(child.stdout, "data");
const address = new URL(/http:\S+/.exec(`${said}`)?.[0] ?? "");
const url = `${address.origin}/`;
const model = await openRemote({ address: new URL("api/models/0/", url) });

const round = (number: number) => attackStudio({ url, model }, { requests, clients, seed: seed + number });
await round(1);
const before = await settledMegabytes(child);
const polls = new Worker(poller, { eval: true, workerData: [`${url}healthz`, controlUrl] });
const begin = performance.now();
const { counts, wrong } = await round(2);
const seconds = (performance.now() - begin) / 1000;
polls.postMessage("end");
const [[health, idle]] = (await once(polls, "message")) as [readonly [Asked, Asked]];
const after = await settledMegabytes(child);
const files = openFiles(child);

const at = (all: Asked, share: number) =>
  quantile(
    all.map(([, milliseconds]) => milliseconds).toSorted((a, b) => a - b),
    share,
  );
const times = (all: Asked) => [0.5, 0.99, 1].map((share) => at(all, share).toFixed(1)).join(" / ");
const sum = Object.values(counts).reduce((a, b) => a + b, 0);
console.log(`${sum} requests of ${clients} clients in ${seconds.toFixed(1)} s: ${JSON.stringify(counts)}`);
console.log(`wrong: ${wrong.length}`);
for (const what of wrong.slice(0, 10)) console.log(`  ${what}`);
console.log(`memory: ${before.toFixed(0)} MB before, ${after.toFixed(0)} MB after; ${files} files open`);
console.log(
  `/healthz, ${health.length} times, p50 / p99 / most: ${times(health)} ms; control: ${times(idle)} ms`,
);

const faults = [
  wrong.length > 0 && "an answer was wrong",
  child.exitCode !== null && "the server died",
  after > 1.1 * before && "memory grew by more than 10 %",
  health.some(([status]) => status !== 200) && "health was not answered",
  at(health, 1) > 100 + at(idle, 1) && "health took more than 100 ms beyond the control",
].filter((fault) => fault !== false);
for (const fault of faults) console.error(`BROKEN: ${fault}`);
child.kill("SIGINT");
const [code] = await once(child, "exit");
console.log(`ended by SIGINT with ${code}`);
process.exit(faults.length > 0 || code !== 0 ? 1 : 0);

/** Of all its threads, once nobody asks it anything. */
async function settledMegabytes({ pid }: ChildProcess): Promise<number> {
  await sleep(3000);
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

function openFiles({ pid }: ChildProcess): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
