/**
 * Training in the page, in headless Chromium: how well the lens finds held-out things as time goes by, the start, loading and
 * compiling counted in, and the maps of the watched pictures. Where other work takes the cores, the processor's time (of all of
 * the browser's processes, from Linux's /proc) says more than the clock's.
 *
 *     node bench/studio/learn.ts                   from the NTP twin, until 120 s on two threads
 *     node bench/studio/learn.ts nothing 300 1     from random weights, until 300 s on one thread
 */
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import type { FromTrainer, HeldOutScore, Moment } from "../../src/studio/learn/messages.ts";
import { defaultRecipe, type Recipe, starts } from "../../src/studio/learn/recipe.ts";
import { openStudioPage } from "../../tests/studio/harness.ts";

const [start = "twin", seconds = "120", threads = "2"] = process.argv.slice(2);
const recipe: Recipe = { ...defaultRecipe, start: starts.find((name) => name === start) ?? "twin" };
const before = loadavg()[0];
const studio = await openStudioPage({ static: true, path: "#/boards" });
console.log(
  `${start}, seed ${recipe.seed}, ${recipe.things} things, batch ${recipe.batch}, rate ${recipe.learningRate}`,
);
console.log(`${availableParallelism()} cores, ${threads} threads, load of other work ${before.toFixed(1)}`);
console.log("| s | processor s | steps | lens IoU | pointing |\n| --- | --- | --- | --- | --- |");
await studio.page.exposeFunction("scored", ({ seconds: after, step, iou, pointing }: HeldOutScore) => {
  const cells = [
    after.toFixed(0),
    cpuSeconds(process.pid).toFixed(0),
    step,
    iou.toFixed(3),
    pointing.toFixed(3),
  ];
  console.log(`| ${cells.join(" | ")} |`);
});
const moments = await studio.page.evaluate(trainFor, [recipe, Number(seconds), Number(threads)] as const);
await studio.close();
for (const { step, maps } of moments)
  console.log(
    step,
    maps.map(({ on, off }) => `${on.toFixed(2)} on it, ${off.toFixed(2)} elsewhere`).join("; "),
  );
process.exit(0);

/** Of the processes below this one, so far. */
function cpuSeconds(parent: number): number {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
          .replace(/^.*\) /s, "")
          .split(" ");
        return [
          { pid: Number(pid), parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) },
        ];
      } catch {
        return []; // It has ended.
      }
    });
  const below = (pid: number): number =>
    all.filter((one) => one.parent === pid).reduce((sum, one) => sum + one.ticks / 100 + below(one.pid), 0);
  return below(parent);
}

/** In the page: the built worker, until the last score in the time was made; gives the first maps and the last. */
function trainFor([recipe, seconds, threads]: readonly [Recipe, number, number]): Promise<Moment[]> {
  const beside = (path: string) => new URL(path, document.baseURI).href;
  const worker = new Worker(beside("trainer.js"), { type: "module" });
  const { scored } = globalThis as typeof globalThis & { scored(score: HeldOutScore): unknown };
  const moments: Moment[] = [];
  const folder = beside("models/ntp/");
  const addresses = { folder, cutOuts: beside("cutouts/coarse.bin"), assets: beside("ort/") };
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<FromTrainer>) => {
      if ("failed" in data) reject(new Error(data.failed.message));
      if ("moment" in data) moments.splice(1, 1, data.moment);
      if (!("score" in data)) return;
      void scored(data.score);
      if (data.score.seconds < seconds) return;
      worker.terminate();
      resolve(moments);
    };
    worker.postMessage({ start: { recipe, ...addresses, threads } });
  });
}
