/**
 * Training in the page, in headless Chromium: how well the lens finds held-out things as seconds go by, the start, loading and
 * compiling counted in, and the maps of the watched pictures.
 *
 *     node bench/studio/learn.ts                  from the NTP twin, 120 s
 *     node bench/studio/learn.ts nothing 120      from random weights
 */
import { availableParallelism, loadavg } from "node:os";
import type { FromTrainer, HeldOutScore, Moment } from "../../src/studio/learn/messages.ts";
import { defaultRecipe, type Recipe, starts } from "../../src/studio/learn/recipe.ts";
import { openStudioPage } from "../../tests/studio/harness.ts";

const [start = "twin", seconds = "120"] = process.argv.slice(2);
const recipe: Recipe = { ...defaultRecipe, start: starts.find((name) => name === start) ?? "twin" };
const before = loadavg()[0];
const studio = await openStudioPage({ static: true, path: "#/boards" });
const said = await studio.page.evaluate(trainFor, [recipe, Number(seconds)] as const);
await studio.close();

const rows = said.scores.map(
  ({ seconds: after, step, iou, pointing }) =>
    `| ${after.toFixed(0)} | ${step} | ${iou.toFixed(3)} | ${pointing.toFixed(3)} |`,
);
console.log(
  `${start}, seed ${recipe.seed}, ${recipe.things} things, batch ${recipe.batch}, rate ${recipe.learningRate}`,
);
console.log(
  `${availableParallelism()} cores, load of other work ${before.toFixed(1)} to ${loadavg()[0].toFixed(1)}`,
);
console.log(["| s | steps | lens IoU | pointing |", "| --- | --- | --- | --- |", ...rows].join("\n"));
for (const { step, maps } of said.moments)
  console.log(
    step,
    maps.map(({ on, off }) => `${on.toFixed(2)} on it, ${off.toFixed(2)} elsewhere`).join("; "),
  );
process.exit(0);

interface Said {
  readonly scores: HeldOutScore[];
  /** The first and the last. */
  readonly moments: Moment[];
}

/** In the page: the built worker, until the last score in the time was made. */
function trainFor([recipe, seconds]: readonly [Recipe, number]): Promise<Said> {
  const beside = (path: string) => new URL(path, document.baseURI).href;
  const worker = new Worker(beside("trainer.js"), { type: "module" });
  const said: Said = { scores: [], moments: [] };
  const addresses = {
    folder: beside("models/ntp/"),
    cutOuts: beside("cutouts/coarse.bin"),
    assets: beside("ort/"),
  };
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<FromTrainer>) => {
      if ("failed" in data) reject(new Error(data.failed.message));
      if ("score" in data) said.scores.push(data.score);
      if ("moment" in data) said.moments.splice(1, 1, data.moment);
      if ("score" in data && data.score.seconds >= seconds) {
        worker.terminate();
        resolve(said);
      }
    };
    worker.postMessage({ start: { recipe, ...addresses, threads: 2 } });
  });
}
