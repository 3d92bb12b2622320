/**
 * Images a second on one core: `node bench/data/run.ts [--count 2000] [--compared 100] [--rounds 3] [--size 336]
 * [--task NAME] [--alone] [--json]`. For every task that draws its own pictures: making an item (geometry, checks and pixels),
 * and painting and packing it as PNG; against Skia and librsvg, which paint the same shapes from the same SVG and
 * encode them. All take turns, so that a busy machine slows all of them; medians of the rounds, in seconds of the
 * processor. Sets have thousands of items, so that many are made: a few hundred mostly measure the compiler. `compared`
 * drawings are painted by all painters, ours again and again up to `count`. `alone` only makes items, as `fovea data
 * make` does: nothing else then stands between them in the processor's caches.
 */
import { cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { createCanvas, loadImage } from "@napi-rs/canvas";
import sharp from "sharp";
import type { Drawing } from "../../src/data/drawing/drawing.ts";
import { paint } from "../../src/data/drawing/paint.ts";
import { drawingPng } from "../../src/data/drawing/png.ts";
import { drawingSvg } from "../../src/data/drawing/svg.ts";
import { drawnExampleMaker } from "../../src/data/tasks/drawn-examples.ts";
import { type DrawnTaskName, drawnTaskNames } from "../../src/data/tasks/drawn-registry.ts";
import { median } from "../median.ts";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "2000" },
    compared: { type: "string", default: "100" },
    task: { type: "string" },
    rounds: { type: "string", default: "3" },
    size: { type: "string", default: "336" },
    alone: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const [count, compared, rounds, size] = [values.count, values.compared, values.rounds, values.size].map(
  Number,
);
sharp.concurrency(1);

/** Processor milliseconds of this process while `work` ran: what one core would have taken, however busy it is. */
async function cpuTime(work: () => Promise<void> | void): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

async function skia(drawings: readonly Drawing[]): Promise<void> {
  for (const drawing of drawings) {
    const canvas = createCanvas(drawing.width, drawing.height);
    canvas.getContext("2d").drawImage(await loadImage(Buffer.from(drawingSvg(drawing))), 0, 0);
    canvas.toBuffer("image/png");
  }
}

async function librsvg(drawings: readonly Drawing[]): Promise<void> {
  for (const drawing of drawings)
    await sharp(Buffer.from(drawingSvg(drawing)))
      .png()
      .toBuffer();
}

const making = "make (geometry, checks, pixels)";
const candidates = {
  [making]: async (_: readonly Drawing[], task: DrawnTaskName, round: number) => {
    const make = drawnExampleMaker(task, { size });
    for (let i = 0; i < count; i++) make(round, i);
  },
  "pixels + PNG": (drawings: readonly Drawing[]) => {
    for (let i = 0; i < count; i++) drawingPng(paint(drawings[i % drawings.length]));
  },
  "Skia, same SVG + PNG": skia,
  "librsvg, same SVG + PNG": librsvg,
} as const;

const rows = [];
for (const task of drawnTaskNames.filter((name) => (values.task ?? name) === name)) {
  const make = drawnExampleMaker(task, { size });
  const drawings = Array.from({ length: compared }, (_, i) => make("warm", i).drawing);
  const times = new Map<string, number[]>();
  for (let round = 0; round < rounds; round++)
    for (const [name, work] of Object.entries(candidates).filter(
      ([name]) => !values.alone || name === making,
    ))
      times.set(name, [...(times.get(name) ?? []), await cpuTime(async () => work(drawings, task, round))]);
  const rate = (name: keyof typeof candidates, items = count) =>
    Math.round((1000 * items) / median(times.get(name) ?? []));
  const painted = rate("pixels + PNG");
  rows.push({
    task,
    made: rate(making),
    painted,
    skia: painted / rate("Skia, same SVG + PNG", compared),
    librsvg: painted / rate("librsvg, same SVG + PNG", compared),
  });
}

const machine = `${cpus()[0].model}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
if (values.json) console.log(JSON.stringify({ machine, count, compared, rounds, size, rows }));
else {
  console.log(
    `${machine}\n${count} images of ${size} px, median of ${rounds} rounds, per second of the processor`,
  );
  const others = values.alone ? "" : `; ${compared} of them by Skia and librsvg`;
  console.log(`(one core, waiting not counted)${others}\n`);
  const titles = ["painted + PNG a second", "against Skia", "against librsvg"];
  const line = (cells: readonly (string | number)[]) => console.log(`| ${cells.join(" | ")} |`);
  line(["task", "items made a second", ...(values.alone ? [] : titles)]);
  line(Array(values.alone ? 2 : 5).fill("---"));
  for (const { task, made, painted, skia, librsvg } of rows) {
    const ratios = [skia, librsvg].map((ratio) => `${ratio.toFixed(1)}x`);
    line([task, made, ...(values.alone ? [] : [painted, ...ratios])]);
  }
}
