/**
 * Studio in headless Chromium against the same work in Node, in one run:
 * `node bench/studio/run.ts [--rounds 5] [--glances 40] [--steps 8] [--seconds 3] [--no-training] [--json]`.
 *
 * Each round opens the page in a browser of its own, with nothing in its caches, and reads: when both twins are open, when both
 * have said what they see of the first scene, how often both do in a second while a thing of the scene is dragged, how long
 * a glance takes, alone and with both at once; then a glance and a training step in the page and in Node take turns.
 * Medians of the rounds. Beside times stands the processor's time of all the page's threads, which a busy machine changes little.
 * Needs Chromium where the tests find it.
 */
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadCutOuts } from "../../src/data/assets/load.ts";
import { demoModels } from "../../src/eval/demo/config.ts";
import { readImage } from "../../src/hub/image/image-file.ts";
import { glance } from "../../src/lens/glance.ts";
import { defaultRecipe } from "../../src/studio/learn/recipe.ts";
import { openSession } from "../../src/studio/learn/session.ts";
import { openVlm } from "../../src/vlm/open.ts";
import { openStudioPage, type StudioPage } from "../../tests/studio/harness.ts";
import { median } from "../median.ts";
import { type Dragged, dragAndCount, firstView, glanceTimes, stepTimes } from "./in-page.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    glances: { type: "string", default: "40" },
    steps: { type: "string", default: "8" },
    seconds: { type: "string", default: "3" },
    "no-training": { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const [rounds, glances, steps, seconds] = [values.rounds, values.glances, values.steps, values.seconds].map(
  Number,
);
const withTraining = !values["no-training"];
const root = join(import.meta.dirname, "../..");
const picture = await readImage(join(root, "examples/browser-page/scenes/watermelon.png"));
const asked = {
  words: ["watermelon", "tree", "umbrella", "fox", "cat"],
  questions: ["where is the watermelon ?", "is there a fox ?", "is there a tree ?", "what is at a1 ?"],
  top: 3,
};

interface Round extends Dragged {
  readonly open: number;
  readonly first: number;
  /** Milliseconds of the processor, of all threads of the page, until then. */
  readonly firstCpu: number;
  /** For each update of both models while dragging. */
  readonly updateCpu: number;
  readonly glance: number;
  readonly both: number;
  readonly nodeGlance: number;
  readonly step: number;
  readonly nodeStep: number;
}

/** Milliseconds of a glance in Node, on one thread. */
async function nodeGlances(): Promise<number> {
  const model = await openVlm(join(root, demoModels[1].folder), { machine: { threads: 1 } });
  const times: number[] = [];
  for (let i = 0; i < glances; i++) {
    picture.data[(i * 97) % picture.data.length] ^= 16;
    const begun = performance.now();
    await glance(model, picture, asked);
    times.push(performance.now() - begun);
  }
  await model.programs.dispose();
  return median(times.slice(glances / 4));
}

/** Milliseconds of a training step in Node, on one thread. */
async function nodeSteps(): Promise<number> {
  const model = await openVlm(join(root, demoModels[0].folder));
  const times: number[] = [];
  const session = await openSession({
    recipe: defaultRecipe,
    model,
    cutOuts: await loadCutOuts({ names: 64 }),
    machine: { threads: 1 },
    say(message) {
      if (!("losses" in message)) return;
      times.push(performance.now());
      if (times.length > steps) session.pause();
    },
  });
  await session.run();
  await session.close();
  return median(times.slice(1).map((time, i) => time - times[i]));
}

/** Milliseconds of the processor that the page has taken, in all of its threads. */
async function processorTime({ page }: StudioPage): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const { metrics } = await session.send("Performance.getMetrics");
  await session.detach();
  return 1000 * (metrics.find(({ name }) => name === "ProcessTime")?.value ?? Number.NaN);
}

async function round(): Promise<Round> {
  const studio = await openStudioPage({ static: true, viewport: { width: 1280, height: 900 } });
  try {
    const { page } = studio;
    const view = await page.evaluate(firstView);
    const firstCpu = await processorTime(studio);
    await page.evaluate(dragAndCount, seconds); // What is compiled as it is used, is.
    const before = await processorTime(studio);
    const drag = await page.evaluate(dragAndCount, seconds);
    const dragCpu = (await processorTime(studio)) - before;
    const given = { asked, picture: { ...picture, data: [...picture.data] }, count: glances };
    const alone = await page.evaluate(glanceTimes, { ...given, slots: [1] });
    const both = await page.evaluate(glanceTimes, { ...given, slots: [0, 1] });
    const times = withTraining
      ? await page.evaluate(stepTimes, { count: steps, recipe: defaultRecipe, threads: 1 })
      : [];
    return {
      ...view,
      ...drag,
      firstCpu,
      updateCpu: dragCpu / drag.all,
      glance: median(alone.slice(glances / 4)),
      both: median(both.slice(glances / 4)),
      nodeGlance: await nodeGlances(),
      step: withTraining ? median(times) : Number.NaN,
      nodeStep: withTraining ? await nodeSteps() : Number.NaN,
    };
  } finally {
    await studio.close();
  }
}

const load = loadavg()[0];
const all: Round[] = [];
for (let i = 0; i < rounds; i++) {
  all.push(await round());
  console.error(`round ${i + 1} of ${rounds}: ${JSON.stringify(all[i])}`);
}

const middle = Object.fromEntries(
  (Object.keys(all[0]) as (keyof Round)[]).map((key) => [key, median(all.map((one) => one[key]))]),
) as unknown as Round;
const machine = `${cpus()[0].model}, ${cpus().length} cores, Node ${process.version}, load ${load.toFixed(1)} before`;

if (values.json) console.log(JSON.stringify({ machine, rounds, glances, steps, seconds, middle, all }));
else {
  const ms = (time: number) => `${time.toFixed(time < 100 ? 1 : 0)} ms`;
  const line = (...cells: string[]) => console.log(`| ${cells.join(" | ")} |`);
  console.log(`${machine}\nmedians of ${rounds} rounds\n`);
  line("", "page", "Node");
  line("---", "---", "---");
  line("both twins open, after the page's load began", ms(middle.open), "");
  line("both have said what they see of the first scene", ms(middle.first), "");
  line("the processor's time until then, all threads", ms(middle.firstCpu), "");
  line("updates a second of both while a thing is dragged", middle.updates.toFixed(1), "");
  line("the processor's time of an update of both, with painting", ms(middle.updateCpu), "");
  line("longest pause between two of them", ms(middle.pause), "");
  line("a glance: 5 words, 4 questions, one model", ms(middle.glance), ms(middle.nodeGlance));
  line("the same by both at once", ms(middle.both), "");
  if (withTraining) line("a training step: 8 scenes, NTP + LLL", ms(middle.step), ms(middle.nodeStep));
}
