/**
 * A training in the page, from its recipe to its end: it says what happens, and waits while it is paused. The worker runs it;
 * tests do too, in Node.
 */
import type { CutOutSet } from "../../data/assets/cutout.ts";
import type { Machine } from "../../engine/runtime/runtime.ts";
import { losses } from "../../losses/registry.ts";
import { type WeightedLoss, weigh } from "../../losses/total.ts";
import { openTrainer, type Trainer } from "../../train/trainer/trainer.ts";
import type { Vlm } from "../../vlm/open.ts";
import type { FromTrainer, Watched, WatchedMaps } from "./messages.ts";
import { chosen, type Recipe } from "./recipe.ts";
import { scoreHeldOut, watchedMaps, watchedPicture } from "./watch.ts";
import { type TrainingWorld, trainingWorld } from "./world.ts";

export interface SessionOptions {
  readonly recipe: Recipe;
  /** Open; its weights are the start, unless the recipe starts from nothing. */
  readonly model: Vlm;
  readonly cutOuts: CutOutSet;
  readonly machine: Machine;
  readonly say: (message: FromTrainer) => void;
  /** Seconds of any clock; default the process's. */
  readonly now?: () => number;
}

export interface Session {
  /** Trains until it is paused; rejects with a UserError where a loss is no finite number. */
  run(): Promise<void>;
  /** After the step that is being made. */
  pause(): void;
  /** The model's folder as it is now. */
  files(): ReturnType<Trainer["files"]>;
  close(): Promise<void>;
}

type Say = SessionOptions["say"];

/** Steps from a rate of almost nothing to the recipe's. */
const WARMUP = 20;
/** Of the time, what maps may take: they are made again once so much has gone by that this holds. */
const SHARE_OF_MAPS = 0.1;
/** Batches by which the one program is planned that all fit. */
const SAMPLE = 16;
/** Held-out scenes of a score, and seconds between two. */
const SCENES = 64;
const SCORE_EVERY = 30;

export async function openSession(options: SessionOptions): Promise<Session> {
  const { recipe, cutOuts, machine, say, now = () => performance.now() / 1000 } = options;
  const clock = openClock(now);
  const model = startOf(options);
  const world = trainingWorld(cutOuts, recipe, model.facts.imageSize);
  const trainer = await openTrainer({
    model,
    losses: weighted(recipe),
    learningRate: (step) => recipe.learningRate * Math.min(1, (step + 1) / WARMUP),
    examples: Array.from({ length: SAMPLE }, (_, step) => world.batch(step)).flat(),
    machine,
  });
  const watch = openWatch(trainer, world, say, clock);
  let step = 0;
  let going = false;
  const oneStep = async () => {
    const { loss, parts } = await trainer.step(world.batch(step));
    step++;
    say({ losses: { step, seconds: clock.seconds(), loss, parts } });
    await watch.after(step);
    await untilHeard();
  };
  return {
    async run() {
      if (going) return;
      going = true;
      clock.go();
      if (step === 0) await watch.begin();
      while (going) await oneStep();
      await watch.look(step);
      clock.stop();
      say({ paused: step });
    },
    pause() {
      going = false;
    },
    files: () => trainer.files(),
    close: () => trainer.close(),
  };
}

/** Messages of the page wait for a task to end; steps alone are one long task. */
function untilHeard(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** The model that the recipe starts from: as it is, or with random weights. */
function startOf({ model, recipe }: SessionOptions): Vlm {
  if (recipe.start === "twin") return model;
  const init = { scheme: "fan-in", visionPositionStd: 0.5, visionPositions: "waves" };
  return { ...model, params: model.family.initParams(recipe.seed, init) };
}

/** With the options that the twins were trained with: src/train/config/presets/full.yaml. */
function weighted({ losses: settings, ...recipe }: Recipe): WeightedLoss[] {
  const { ntp, lll, klal } = losses;
  const all = {
    ntp: () => weigh(ntp, settings.ntp.weight),
    lll: () => weigh(lll, settings.lll.weight, { negativeCoverage: 0.4 }),
    klal: () => weigh(klal, settings.klal.weight, { query: "predicting" }),
  };
  return chosen({ losses: settings, ...recipe }).map((name) => all[name]());
}

/** Seconds of training: what goes by while it is paused does not count. */
interface Clock {
  seconds(): number;
  go(): void;
  stop(): void;
}

function openClock(now: () => number): Clock {
  let before = 0;
  let since: number | undefined = now();
  const seconds = () => before + (since === undefined ? 0 : now() - since);
  return {
    seconds,
    go() {
      since ??= now();
    },
    stop() {
      before = seconds();
      since = undefined;
    },
  };
}

/** Makes maps and scores between steps, as often as their share of the time allows. */
function openWatch(trainer: Trainer, { probes, heldOut }: TrainingWorld, say: Say, clock: Clock) {
  const scenes = heldOut(SCENES);
  let nextLook = 0;
  let nextScore = SCORE_EVERY;
  const look = async (step: number) => {
    const begun = clock.seconds();
    const model = await trainer.model();
    const maps: WatchedMaps[] = [];
    for (const probe of probes) maps.push(await watchedMaps(model, probe));
    const seconds = clock.seconds();
    say({ moment: { step, seconds, maps } });
    nextLook = seconds + (seconds - begun) / SHARE_OF_MAPS;
  };
  const score = async (step: number) =>
    say({
      score: { step, seconds: clock.seconds(), ...(await scoreHeldOut(await trainer.model(), scenes)) },
    });
  return {
    look,
    /** The pictures, their first maps, the first score. */
    async begin() {
      say({ loading: { what: "the maps of the start", done: 0 } });
      const model = await trainer.model();
      const watched: Watched[] = [];
      for (const probe of probes) watched.push(await watchedPicture(model, probe));
      say({ watched });
      await look(0);
      await score(0);
      say({ loading: { what: "the training step is being compiled", done: 0 } });
    },
    async after(step: number) {
      if (clock.seconds() >= nextLook) await look(step);
      if (clock.seconds() < nextScore) return;
      nextScore += SCORE_EVERY;
      await score(step);
    },
  };
}
