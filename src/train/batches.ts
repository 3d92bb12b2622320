/** Batches by their place in the run, made on the main thread or ahead of time by a worker. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { UserError } from "../common/errors.ts";
import type { TrainConfig } from "./config.ts";
import type { Source } from "./examples.ts";
import { openBlueprint } from "./model.ts";
import { openRunRows, type RunRows } from "./rows.ts";
import type { ShapedBatch } from "./shapes.ts";
import { openSource } from "./source.ts";

export interface BatchPlace {
  readonly kind: "train" | "evaluation";
  readonly step: number;
  readonly micro: number;
}

/** A batch, and the ids of its examples. */
export interface MadeBatch extends ShapedBatch {
  readonly ids: readonly string[];
}

export type MakeBatch = (place: BatchPlace) => Promise<MadeBatch>;

/** Everything that a thread needs to make any batch of the run. */
export async function batchMaker(config: TrainConfig): Promise<MakeBatch> {
  const source = await openSource(config);
  const blueprint = await openBlueprint(config, source);
  return batchesOf(source, await openRunRows(config, blueprint, source));
}

export function batchesOf(source: Source, { collator, classOf, fit }: RunRows): MakeBatch {
  return async ({ kind, step, micro }) => {
    const examples = await (kind === "train"
      ? source.batch(step, micro, classOf)
      : source.evaluation(micro, classOf));
    return { ...collator.collate(examples.map(fit)), ids: examples.map(({ id }) => id) };
  };
}

export interface Batches {
  /** The batch at a place; cheapest when places are asked for in the order of the run. */
  take(place: BatchPlace): Promise<MadeBatch>;
  close(): Promise<void>;
}

export function inlineBatches(make: MakeBatch): Batches {
  return { take: make, close: async () => {} };
}

export type WorkerReply = { made: MadeBatch } | { mistake: string; user: boolean };

/** A worker that keeps `ahead` training batches ready from `firstStep` on. */
export function workerBatches(config: TrainConfig, firstStep: number): Batches {
  const worker = new Worker(new URL("./batch-worker.ts", import.meta.url), { workerData: config });
  const waiting = new Map<string, Promise<MadeBatch>>();
  let turn: Promise<unknown> = Promise.resolve();
  const request = (place: BatchPlace) => {
    const key = JSON.stringify(place);
    if (waiting.has(key)) return;
    const answer = turn.then(() => ask(worker, place));
    answer.catch(() => {}); // Seen when the batch is taken.
    turn = answer.catch(() => {});
    waiting.set(key, answer);
  };
  const ahead = (from: BatchPlace) => {
    for (const place of placesFrom(config, from, config.train.prefetch)) request(place);
  };
  ahead({ kind: "train", step: firstStep, micro: 0 });
  return {
    async take(place) {
      const key = JSON.stringify(place);
      request(place);
      const made = await (waiting.get(key) as Promise<MadeBatch>);
      waiting.delete(key);
      if (place.kind === "train") ahead(after(config, place));
      return made;
    },
    close: async () => void (await worker.terminate()),
  };
}

function after({ train }: TrainConfig, { kind, step, micro }: BatchPlace): BatchPlace {
  return micro + 1 < train.accumulate ? { kind, step, micro: micro + 1 } : { kind, step: step + 1, micro: 0 };
}

function placesFrom(config: TrainConfig, first: BatchPlace, count: number): BatchPlace[] {
  const places: BatchPlace[] = [];
  for (
    let place = first;
    places.length < count && place.step < config.train.steps;
    place = after(config, place)
  )
    places.push(place);
  return places;
}

async function ask(worker: Worker, place: BatchPlace): Promise<MadeBatch> {
  worker.postMessage(place);
  const [reply] = (await once(worker, "message")) as [WorkerReply];
  if ("made" in reply) return reply.made;
  throw reply.user ? new UserError(reply.mistake) : new Error(reply.mistake);
}
