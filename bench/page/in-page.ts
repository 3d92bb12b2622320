/** Works measured in a page of headless Chromium, which is closed afterwards. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readImage } from "../../src/hub/image/image-file.ts";
import { type OpenedPage, openPage } from "../../tests/browser/harness.ts";
import type { WorkTimes } from "./node.ts";
import type { BenchPage } from "./page.ts";
import type { WorkName } from "./works.ts";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const picture = join(root, "examples/browser-page/scenes/watermelon.png");

export type AllTimes = Readonly<Record<WorkName, WorkTimes>>;

export interface PageJob {
  readonly device: string;
  readonly threads: number;
  readonly works: readonly WorkName[];
  readonly times: number;
  /** Further options of ONNX Runtime. */
  readonly session: Readonly<Record<string, unknown>>;
}

export interface PageTimes {
  readonly all: AllTimes;
  /** Workers of the page: threads of WebAssembly beside the page's own. */
  readonly workers: number;
  /** What generation said; none where it was not measured. */
  readonly tokens: readonly number[];
}

interface Page {
  readonly benchPage: BenchPage;
}

export async function inPage({ device, threads, works, times, session }: PageJob): Promise<PageTimes> {
  const entry = join(root, "bench/page/page.ts");
  const opened = await openPage({ entry, folders: { checkpoints: join(root, "checkpoints") } });
  const { page, address, close } = opened;
  try {
    const { width, height, data } = await readImage(picture);
    const shared = {
      model: `${address}checkpoints/full`,
      machine: { device, threads, assets: `${address}ort/`, session },
      picture: { width, height, data: [...data] },
    };
    const all: Partial<Record<WorkName, WorkTimes>> = {};
    for (const work of works) all[work] = await timesOf(opened, { ...shared, work }, times);
    const workers = page.workers().length;
    if (threads > 1 && workers === 0)
      throw new Error("bench/page: the page has one thread, it is not isolated");
    return {
      all: all as AllTimes,
      workers,
      tokens: await page.evaluate(() => (globalThis as never as Page).benchPage.tokens()),
    };
  } finally {
    await close();
  }
}

async function timesOf(
  opened: OpenedPage,
  job: Parameters<BenchPage["open"]>[0],
  times: number,
): Promise<WorkTimes> {
  const { page } = opened;
  const first = await page.evaluate((given) => (globalThis as never as Page).benchPage.open(given), job);
  await page.evaluate(() => (globalThis as never as Page).benchPage.warm());
  const before = await processorTime(opened);
  const ms = await page.evaluate((count) => (globalThis as never as Page).benchPage.run(count), times);
  const cpu = ((await processorTime(opened)) - before) / times;
  await page.evaluate(() => (globalThis as never as Page).benchPage.close());
  return { first, ms, cpu };
}

/** Milliseconds of the processor that the page has taken, in all of its threads. */
export async function processorTime({ page }: OpenedPage): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const { metrics } = await session.send("Performance.getMetrics");
  await session.detach();
  return 1000 * (metrics.find(({ name }) => name === "ProcessTime")?.value ?? Number.NaN);
}
