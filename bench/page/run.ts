/**
 * The twins' lens, an answer and a training step in headless Chromium against the same in Node, on the same cores:
 * `node bench/page/run.ts [--rounds 5] [--times 12] [--threads 1,2] [--devices wasm] [--works lens,answer,tokens,step,product]
 * [--session '{"enableCpuMemArena":true}'] [--json]`; `session` is for trials of ONNX Runtime's options in the page.
 *
 * Each round opens a page in a browser of its own and a process of Node; they take turns. Medians of the rounds' medians.
 * `product` says what WebAssembly's vectors of 128 bits can do beside the processor's own. The page is isolated, so that
 * WebAssembly has threads. `--devices wasm,webgpu` measures WebGPU too: where Chromium has no GPU, that is its software
 * adapter, and says nothing of GPUs. Needs Chromium where the tests find it.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readImage } from "../../src/hub/image/image-file.ts";
import { type OpenedPage, openPage } from "../../tests/browser/harness.ts";
import { commitOf, nameMachine } from "../machine.ts";
import { median } from "../median.ts";
import type { WorkTimes } from "./node.ts";
import type { BenchPage } from "./page.ts";
import { productMegaflop, type WorkName, workNames } from "./works.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    times: { type: "string", default: "12" },
    threads: { type: "string", default: "1,2" },
    devices: { type: "string", default: "wasm" },
    works: { type: "string", default: workNames.join() },
    session: { type: "string", default: "{}" },
    json: { type: "boolean", default: false },
  },
});

const root = fileURLToPath(new URL("../..", import.meta.url));
const picture = join(root, "examples/browser-page/scenes/watermelon.png");
const times = Number(values.times);
const works = values.works.split(",") as WorkName[];

type AllTimes = Readonly<Record<WorkName, WorkTimes>>;

async function inPage(device: string, threads: number): Promise<AllTimes> {
  const opened = await openPage({
    entry: join(root, "bench/page/page.ts"),
    folders: { checkpoints: join(root, "checkpoints") },
  });
  const { page, address, close } = opened;
  try {
    const { width, height, data } = await readImage(picture);
    const shared = {
      model: `${address}checkpoints/full`,
      machine: {
        device,
        threads,
        assets: `${address}ort/`,
        session: JSON.parse(values.session) as Record<string, unknown>,
      },
      picture: { width, height, data: [...data] },
    };
    const all: Partial<Record<WorkName, WorkTimes>> = {};
    for (const work of works) {
      const first = await page.evaluate((job) => (globalThis as never as Page).benchPage.open(job), {
        ...shared,
        work,
      });
      const before = await processorTime(opened);
      const ms = await page.evaluate((count) => (globalThis as never as Page).benchPage.run(count), times);
      const cpu = ((await processorTime(opened)) - before) / times;
      await page.evaluate(() => (globalThis as never as Page).benchPage.close());
      all[work] = { first, ms, cpu };
    }
    return all as AllTimes;
  } finally {
    await close();
  }
}

interface Page {
  readonly benchPage: BenchPage;
}

/** Milliseconds of the processor that the page has taken, in all of its threads. */
async function processorTime({ page }: OpenedPage): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const { metrics } = await session.send("Performance.getMetrics");
  await session.detach();
  return 1000 * (metrics.find(({ name }) => name === "ProcessTime")?.value ?? Number.NaN);
}

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
}

async function measured(device: string, threads: number): Promise<Row[]> {
  const pages: AllTimes[] = [];
  const nodes: AllTimes[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    pages.push(await inPage(device, threads));
    nodes.push(inNode(threads));
  }
  return works.map((work) => rowOf({ work, device, threads }, pages, nodes));
}

function rowOf(
  of: Pick<Row, "work" | "device" | "threads">,
  pages: readonly AllTimes[],
  nodes: readonly AllTimes[],
): Row {
  const middle = (all: readonly AllTimes[], read: (times: WorkTimes) => number) =>
    median(all.map((one) => read(one[of.work])));
  const both = (read: (times: WorkTimes) => number) => [middle(pages, read), middle(nodes, read)] as const;
  const [pageMs, nodeMs] = both(({ ms }) => median(ms));
  const [pageCpuMs, nodeCpuMs] = both(({ cpu }) => cpu);
  const [pageFirstMs, nodeFirstMs] = both(({ first }) => first);
  return {
    ...{ ...of, rounds: pages.length, pageMs, nodeMs, times: pageMs / nodeMs },
    ...{ pageCpuMs, nodeCpuMs, cpuTimes: pageCpuMs / nodeCpuMs, pageFirstMs, nodeFirstMs },
    ...(of.work === "product" && {
      pageGigaflops: productMegaflop / pageMs,
      nodeGigaflops: productMegaflop / nodeMs,
    }),
  };
}

const rows: Row[] = [];
for (const device of values.devices.split(","))
  for (const threads of values.threads.split(",")) rows.push(...(await measured(device, Number(threads))));

if (values.json) console.log(JSON.stringify({ rows }));
else {
  const { processor, cores, node } = nameMachine();
  console.log(`${processor}, ${cores} cores, Node ${node}, commit ${commitOf()}\n`);
  console.log(
    "| work | device | threads | page | Node | page / Node | processor, page | Node | page / Node |",
  );
  console.log("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
  for (const row of rows) {
    const ms = (value: number) => `${value.toPrecision(3)} ms`;
    const cells = [ms(row.pageMs), ms(row.nodeMs), `${row.times.toFixed(2)}x`];
    const cpu = [ms(row.pageCpuMs), ms(row.nodeCpuMs), `${row.cpuTimes.toFixed(2)}x`];
    console.log(`| ${[row.work, row.device, row.threads, ...cells, ...cpu].join(" | ")} |`);
    if (row.pageGigaflops !== undefined)
      console.log(
        `\nproducts: ${row.pageGigaflops.toFixed(1)} GFLOP/s in the page, ${row.nodeGigaflops?.toFixed(1)} in Node\n`,
      );
  }
}
