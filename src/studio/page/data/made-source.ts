/**
 * Endless data sets that the page makes itself, item by item, from a seed: composed scenes, and the tasks that draw their
 * own pictures. What is chosen of them is made so; nothing is searched.
 */
import { UserError } from "../../../common/errors.ts";
import type { RgbImage } from "../../../common/image.ts";
import type { CutOutSet } from "../../../data/assets/cutout.ts";
import { unpackCutOuts } from "../../../data/assets/pack.ts";
import type { Example } from "../../../data/example.ts";
import { drawnExampleMaker } from "../../../data/tasks/drawn-examples.ts";
import { type DrawnTaskName, drawnTasks } from "../../../data/tasks/drawn-registry.ts";
import { exampleMaker } from "../../../data/tasks/examples.ts";
import { type TaskName, usualTaskNames } from "../../../data/tasks/registry.ts";
import { cutOutFiles } from "../play/scene/cut-out-files.ts";
import { axisChoices } from "./axis-choices.ts";
import { type Counts, type Facets, type Filter, noFacets } from "./filter.ts";
import type { DataSource, Item, Thumbnail } from "./source.ts";

/** Items that a wall shows of an endless set. */
export const MADE = 100_000;

interface Maker {
  readonly facets: Facets;
  make(index: number): Example;
}

export interface MadeSet {
  readonly ref: string;
  readonly name: string;
  readonly note: string;
  readonly command: string;
  maker(filter: Filter): Promise<Maker>;
}

let cutOuts: Promise<CutOutSet> | undefined;

/** The names that the shipped models know, at the sizes that they were trained on. */
function loadCutOuts(): Promise<CutOutSet> {
  cutOuts ??= fetchCutOuts();
  return cutOuts;
}

async function fetchCutOuts(): Promise<CutOutSet> {
  const answer = await fetch(cutOutFiles.coarse.path);
  if (!answer.ok || answer.body === null) throw new UserError("the page's cut-outs cannot be loaded");
  const plain = answer.body.pipeThrough(new DecompressionStream("gzip"));
  return unpackCutOuts(new Uint8Array(await new Response(plain).arrayBuffer()));
}

/** Scenes of the cut-outs of Play, with the questions of their tasks. */
export function sceneSet(seed: number): MadeSet {
  return {
    ref: `scenes:${seed}`,
    name: "composed scenes",
    note: `endless, of seed ${seed}`,
    command: `fovea data make scenes --count 1000 --seed ${seed} --out scenes`,
    async maker({ task }) {
      const cutOuts = await loadCutOuts();
      const tasks = usualTaskNames.filter((name) => task === undefined || name === task) as TaskName[];
      const make = exampleMaker({ cutOuts }, { ...(tasks.length > 0 && { tasks }), split: "test" });
      return { facets: { ...noFacets, tasks: always(usualTaskNames) }, make: (index) => make(seed, index) };
    },
  };
}

export function drawnSet(task: DrawnTaskName, seed: number): MadeSet {
  return {
    ref: `${task}:${seed}`,
    name: task,
    note: `${drawnTasks[task].description}; endless, of seed ${seed}`,
    command: `fovea data make ${task} --count 1000 --seed ${seed} --out ${task}`,
    async maker({ axes }) {
      const choices = axisChoices(task);
      const chosen = Object.entries(axes).flatMap(([axis, text]) => {
        const value = choices[axis]?.find((one) => String(one) === text);
        return value === undefined ? [] : [[axis, [value]] as const];
      });
      const make = drawnExampleMaker(task, Object.fromEntries(chosen), "test");
      const facets = Object.entries(choices).map(([axis, values]) => [axis, always(values.map(String))]);
      return {
        facets: { ...noFacets, axes: Object.fromEntries(facets) },
        make: (index) => make(seed, index),
      };
    },
  };
}

/** Every choice leaves as many: none of them is counted. */
const always = (values: readonly string[]): Counts => values.map((value) => [value, MADE]);

/** Examples that are kept, so that the wall and the item view make each once. */
const KEPT = 512;

export function madeSource(set: MadeSet): DataSource {
  let last: { readonly key: string; readonly maker: Promise<Maker> } | undefined;
  const kept = new Map<string, Example>();
  const makerOf = (filter: Filter) => {
    const key = JSON.stringify(filter);
    if (last?.key !== key) last = { key, maker: set.maker(filter) };
    return last.maker;
  };
  const make = (key: string, maker: Maker, index: number): Example => {
    const name = `${key} ${index}`;
    const example = kept.get(name) ?? maker.make(index);
    kept.delete(name);
    kept.set(name, example);
    for (const [oldest] of kept) if (kept.size > KEPT) kept.delete(oldest);
    return example;
  };
  const images = new WeakMap<Item, RgbImage>();
  return {
    ref: set.ref,
    name: set.name,
    note: set.note,
    count: MADE,
    notices: [],
    command: set.command,
    find: async (filter) => ({ count: MADE, facets: (await makerOf(filter)).facets }),
    async items(filter, from, count) {
      const maker = await makerOf(filter);
      const key = JSON.stringify(filter);
      return Array.from({ length: Math.max(0, Math.min(count, MADE - from)) }, (_, i): Item => {
        const { id, image, questions, concepts } = make(key, maker, from + i);
        const item = {
          index: from + i,
          row: { fileName: `${id}.png`, id, questions, concepts },
          question: 0,
        };
        images.set(item, image);
        return item;
      });
    },
    async thumbnail(item, side): Promise<Thumbnail> {
      const image = images.get(item) as RgbImage;
      return { bitmap: await bitmapOf(image, side), size: { width: image.width, height: image.height } };
    },
    picture: async (item) => images.get(item) as RgbImage,
  };
}

/** A picture as a bitmap of at most `side` pixels. */
export async function bitmapOf({ width, height, data }: RgbImage, side: number): Promise<ImageBitmap> {
  const pixels = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    pixels.data[4 * i] = data[3 * i];
    pixels.data[4 * i + 1] = data[3 * i + 1];
    pixels.data[4 * i + 2] = data[3 * i + 2];
    pixels.data[4 * i + 3] = 255;
  }
  const scale = side / Math.max(width, height);
  if (scale >= 1) return createImageBitmap(pixels);
  return createImageBitmap(pixels, {
    resizeWidth: Math.max(1, Math.round(width * scale)),
    resizeHeight: Math.max(1, Math.round(height * scale)),
    resizeQuality: "high",
  });
}

/** Draws a picture onto a canvas, which takes its size. */
export async function paintPicture(canvas: HTMLCanvasElement, image: RgbImage): Promise<void> {
  const bitmap = await bitmapOf(image, Math.max(image.width, image.height));
  [canvas.width, canvas.height] = [image.width, image.height];
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
  bitmap.close();
}
