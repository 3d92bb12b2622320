/**
 * The twins' lens, an answer and a training step in headless Chromium against the same in Node on the same cores, and
 * generation against transformers.js in the same browser: `node bench/page/run.ts [--rounds 3] [--times 12] [--threads 1,2]
 * [--devices wasm] [--works lens,answer,tokens,step,product] [--session '{"enableCpuMemArena":true}'] [--json]`; `session` is
 * for trials of ONNX Runtime's options in the page. Four minutes on two cores.
 *
 * Each round opens a page in a browser of its own, a process of Node and a page of transformers.js (see peer.ts for what that
 * needs; it is left out where it is missing); they take turns. Medians of the rounds' medians, after each work was repeated
 * until the browser's second compiler has seen what is hot. `product` says what WebAssembly's vectors of 128 bits can do
 * beside the processor's own. The page is isolated, so that WebAssembly has threads. `--devices wasm,webgpu` measures WebGPU
 * too: where Chromium has no GPU, that is its software adapter, and says nothing of GPUs. Needs Chromium where the tests find it.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { commitOf, nameMachine } from "../machine.ts";
import { median } from "../median.ts";
import { type AllTimes, inPage, type PageTimes, picture, root } from "./in-page.ts";
import type { WorkTimes } from "./node.ts";
import { openPeer, type Peer, type PeerTimes, peerInPage } from "./peer.ts";
import { productMegaflop, type WorkName, workNames } from "./works.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    times: { type: "string", default: "12" },
    threads: { type: "string", default: "1,2" },
    devices: { type: "string", default: "wasm" },
    works: { type: "string", default: workNames.join() },
    session: { type: "string", default: "{}" },
    json: { type: "boolean", default: false },
  },
});

const times = Number(values.times);
const works = values.works.split(",") as WorkName[];
const session = JSON.parse(values.session) as Record<string, unknown>;

function inNode(threads: number): AllTimes {
  const job = { model: join(root, "checkpoints/full"), machine: { threads }, picture, works, times };
  const script = fileURLToPath(new URL("node.ts", import.meta.url));
  const stdio: ["ignore", "pipe", "inherit"] = ["ignore", "pipe", "inherit"];
  const output = execFileSync(process.execPath, [script, JSON.stringify(job)], { encoding: "utf8", stdio });
  return JSON.parse(output.trim().split("\n").at(-1) as string) as AllTimes;
}

/** Milliseconds; of the products also how many operations a second. */
interface Row {
  readonly work: WorkName;
  readonly device: string;
  readonly threads: number;
  /** Workers of the page, the other threads. */
  readonly workers: number;
  readonly rounds: number;
  readonly pageMs: number;
  readonly nodeMs: number;
  readonly times: number;
  readonly pageCpuMs: number;
  readonly nodeCpuMs: number;
  readonly cpuTimes: number;
  /** Until the work was done for the first time: model, compilation, run. */
  readonly pageFirstMs: number;
  readonly nodeFirstMs: number;
  readonly pageGigaflops?: number;
  readonly nodeGigaflops?: number;
  /** Of transformers.js, on the same tokens. */
  readonly peerMs?: number;
  readonly overPeer?: number;
  readonly peerCpuMs?: number;
  readonly cpuOverPeer?: number;
  readonly sameTokens?: boolean;
}

interface Round {
  readonly page: PageTimes;
  readonly node: AllTimes;
  readonly peer?: PeerTimes;
}

async function measured(device: string, threads: number, peer: Peer | undefined): Promise<Row[]> {
  const rounds: Round[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    const page = await inPage({ device, threads, works, times, session });
    const node = inNode(threads);
    rounds.push({ page, node, ...(peer && { peer: await peerInPage(peer, threads, times) }) });
  }
  return works.map((work) => rowOf({ work, device, threads }, rounds));
}

/** The median over rounds of what one gives; undefined where a round has nothing. */
const middle = (rounds: readonly Round[], read: (round: Round) => number) => median(rounds.map(read));

function rowOf(of: Pick<Row, "work" | "device" | "threads">, rounds: readonly Round[]): Row {
  const both = (read: (times: WorkTimes) => number) =>
    [
      middle(rounds, ({ page }) => read(page.all[of.work])),
      middle(rounds, ({ node }) => read(node[of.work])),
    ] as const;
  const [pageMs, nodeMs] = both(({ ms }) => median(ms));
  const [pageCpuMs, nodeCpuMs] = both(({ cpu }) => cpu);
  const [pageFirstMs, nodeFirstMs] = both(({ first }) => first);
  return {
    ...{ ...of, workers: rounds[0].page.workers, rounds: rounds.length },
    ...{ pageMs, nodeMs, times: pageMs / nodeMs, pageCpuMs, nodeCpuMs, cpuTimes: pageCpuMs / nodeCpuMs },
    ...{ pageFirstMs, nodeFirstMs },
    ...(of.work === "product" && {
      pageGigaflops: productMegaflop / pageMs,
      nodeGigaflops: productMegaflop / nodeMs,
    }),
    ...(of.work === "tokens" && peerCells(rounds, pageMs, pageCpuMs)),
  };
}

function peerCells(rounds: readonly Round[], pageMs: number, pageCpuMs: number): Partial<Row> {
  const [{ peer, page }] = rounds;
  if (peer === undefined) return {};
  const of = (read: (times: WorkTimes) => number) =>
    middle(rounds, (round) => (round.peer ? read(round.peer) : Number.NaN));
  const [peerMs, peerCpuMs] = [of(({ ms }) => median(ms)), of(({ cpu }) => cpu)];
  const sameTokens = peer.tokens.join() === page.tokens.join();
  return { peerMs, overPeer: pageMs / peerMs, peerCpuMs, cpuOverPeer: pageCpuMs / peerCpuMs, sameTokens };
}

function print(rows: readonly Row[], peerIs: string): void {
  const { processor, cores, node } = nameMachine();
  console.log(`${processor}, ${cores} cores, Node ${node}, ${peerIs}, commit ${commitOf()}\n`);
  console.log(
    "| work | device | threads | page | Node | page / Node | processor, page | Node | page / Node |",
  );
  console.log("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
  const ms = (value: number) => `${value.toPrecision(3)} ms`;
  for (const row of rows) {
    const cells = [ms(row.pageMs), ms(row.nodeMs), `${row.times.toFixed(2)}x`];
    const cpu = [ms(row.pageCpuMs), ms(row.nodeCpuMs), `${row.cpuTimes.toFixed(2)}x`];
    console.log(`| ${[row.work, row.device, row.threads, ...cells, ...cpu].join(" | ")} |`);
  }
  for (const row of rows) {
    const of = `${row.device}, ${row.threads} thread${row.threads === 1 ? "" : "s"}`;
    if (row.pageGigaflops !== undefined)
      console.log(
        `\n${of}: products ${row.pageGigaflops.toFixed(1)} and ${row.nodeGigaflops?.toFixed(1)} GFLOP/s`,
      );
    if (row.peerMs !== undefined)
      console.log(
        `\n${of}: tokens ${row.overPeer?.toFixed(2)} of transformers.js' ${ms(row.peerMs)}, processor ${row.cpuOverPeer?.toFixed(2)} of ${ms(row.peerCpuMs ?? Number.NaN)}, ${row.sameTokens ? "the same" : "OTHER"} tokens`,
      );
  }
}

const peer = await openPeer();
if (typeof peer === "string") console.error(`missing: ${peer}`);
const running = typeof peer === "string" ? undefined : peer;
try {
  const rows: Row[] = [];
  let peerIs = "no transformers.js";
  for (const device of values.devices.split(","))
    for (const threads of values.threads.split(","))
      rows.push(...(await measured(device, Number(threads), device === "wasm" ? running : undefined)));
  if (running) peerIs = `transformers.js with ONNX Runtime ${running.ortVersion}`;
  if (values.json)
    console.log(JSON.stringify({ peer: typeof peer === "string" ? `missing: ${peer}` : peerIs, rows }));
  else print(rows, peerIs);
} finally {
  await running?.close();
}
