/** What the benchmark does in the page: functions that go there as they are, so that none of them uses anything from here. */
import type { FromTrainer, TrainingStart } from "../../src/studio/learn/messages.ts";
import type { Recipe } from "../../src/studio/learn/recipe.ts";
import type { StudioShell } from "../../src/studio/page/shell.ts";

/** How a model's column of Play is read. */
interface Column extends Element {
  readonly followed?: { readonly seen?: object };
}

interface Play extends HTMLElement {
  readonly shadowRoot: ShadowRoot;
}

/** Milliseconds since the page's load began. */
export interface FirstView {
  /** Both models are open. */
  readonly open: number;
  /** Both have said what they see. */
  readonly first: number;
}

export async function firstView(): Promise<FirstView> {
  const shell = document.querySelector("studio-shell") as StudioShell;
  const columns = () => {
    const play = shell.shadowRoot?.querySelector("studio-play") as Play | null;
    return [...(play?.shadowRoot.querySelectorAll("play-model") ?? [])] as Column[];
  };
  const until = async (isDone: () => boolean | undefined) => {
    while (!isDone()) await new Promise((resolve) => setTimeout(resolve, 4));
    return performance.now();
  };
  const open = await until(() => shell.studio?.slots.every(({ model }) => model !== undefined));
  const first = await until(
    () => columns().length > 1 && columns().every(({ followed }) => followed?.seen !== undefined),
  );
  return { open, first };
}

export interface Dragged {
  /** Of both models, in a second. */
  readonly updates: number;
  /** The longest time between two of them, in milliseconds. */
  readonly pause: number;
  /** How many there were in all, before that time too. */
  readonly all: number;
}

/** Drags the first thing of the scene in circles, one move for each frame of the screen, and counts what both models say anew. */
export async function dragAndCount(seconds: number): Promise<Dragged> {
  const shell = document.querySelector("studio-shell") as StudioShell;
  const play = shell.shadowRoot?.querySelector("studio-play") as Play;
  const stage = play.shadowRoot.querySelector("play-stage") as Element;
  const columns = [...play.shadowRoot.querySelectorAll("play-model")] as Column[];
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const place = (turn: number, done: boolean) => {
    const change = { centreX: 32 + 12 * Math.cos(turn), centreY: 32 + 12 * Math.sin(turn) };
    const detail = { index: 0, change, done };
    stage.dispatchEvent(new CustomEvent("play-place", { detail, bubbles: true, composed: true }));
  };
  const last = columns.map(({ followed }) => followed?.seen);
  const times: number[][] = columns.map(() => []);
  let all = 0;
  const begun = performance.now();
  for (let now = begun; now - begun < 1000 * (seconds + 1); now = performance.now()) {
    place((now - begun) / 400, false);
    await frame();
    for (const [i, { followed }] of columns.entries())
      if (followed?.seen !== last[i]) {
        last[i] = followed?.seen;
        all += 1 / columns.length;
        if (now - begun > 1000) times[i].push(performance.now()); // The first second is to get under way.
      }
  }
  place(0, true);
  const gaps = times.flatMap((of) => of.slice(1).map((time, i) => time - of[i]));
  const fewest = Math.min(...times.map(({ length }) => length));
  return { updates: fewest / seconds, pause: Math.max(0, ...gaps), all };
}

export interface GlanceTask {
  /** Numbers of the models that are asked at the same time. */
  readonly slots: readonly number[];
  readonly count: number;
  readonly asked: { readonly words: string[]; readonly questions: string[]; readonly top: number };
  readonly picture: { readonly width: number; readonly height: number; readonly data: readonly number[] };
}

/** Milliseconds of each glance, as the page waits for it. */
export async function glanceTimes({ slots, count, asked, picture }: GlanceTask): Promise<number[]> {
  const { studio } = document.querySelector("studio-shell") as StudioShell;
  const models = slots.map((slot) => studio?.slots[slot].model);
  const image = { ...picture, data: new Uint8Array(picture.data) };
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    image.data[(i * 97) % image.data.length] ^= 16;
    const begun = performance.now();
    await Promise.all(models.map((model) => model?.run("glance", { picture: image, ...asked })));
    times.push(performance.now() - begun);
  }
  return times;
}

export interface StepTask {
  readonly count: number;
  readonly recipe: Recipe;
  readonly threads: number;
}

/** Milliseconds between the losses of one step and those of the next. */
export async function stepTimes({ count, recipe, threads }: StepTask): Promise<number[]> {
  const { studio } = document.querySelector("studio-shell") as StudioShell;
  const at = (path: string) => new URL(path, document.baseURI).href;
  const folder = at(studio?.setup.models[0].folder ?? "");
  const places = { folder, cutOuts: at("cutouts/coarse.bin"), assets: at("ort/") };
  const start: TrainingStart = { recipe, threads, ...places };
  const worker = new Worker(at("trainer.js"), { type: "module" });
  const times: number[] = [];
  await new Promise<void>((resolve, reject) => {
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.onmessage = ({ data }: MessageEvent<FromTrainer>) => {
      if ("failed" in data) reject(new Error(data.failed.message));
      if ("losses" in data && times.push(performance.now()) > count) resolve();
    };
    worker.postMessage({ start });
  });
  worker.terminate();
  return times.slice(1).map((time, i) => time - times[i]);
}
