/** Batches by their place in the run, made on the main thread or ahead of time by a worker. */
import { Worker } from "node:worker_threads";
import { deserialiseError, type SerialisedError } from "../../common/errors.ts";
import { nextMessage } from "../../common/threads.ts";
import type { TrainConfig } from "../config/config.ts";
import {
  type BatchPlace,
  type DataFacts,
  type DataRequest,
  type MadeBatch,
  openRunData,
} from "./run-data.ts";

export interface Batches {
  /** What was found when the data was opened. */
  readonly facts: DataFacts;
  /** The batch at a place; cheapest when places are asked for in the order of the run. */
  take(place: BatchPlace): Promise<MadeBatch>;
  close(): Promise<void>;
}

/**
 * The batches of a run from `firstStep` on: prepared ahead by a worker, or here where `train.prefetch` is 0. Throws as
 * {@link openRunData} does.
 */
export async function openBatches(request: DataRequest, firstStep: number): Promise<Batches> {
  if (request.config.train.prefetch > 0) return workerBatches(request, firstStep);
  const { facts, make } = await openRunData(request);
  return { facts, take: make, close: async () => {} };
}

export type WorkerReply =
  | { readonly facts: DataFacts }
  | { readonly made: MadeBatch }
  | { readonly mistake: SerialisedError };

/** A worker that keeps `train.prefetch` training batches ready. */
async function workerBatches(request: DataRequest, firstStep: number): Promise<Batches> {
  const worker = new Worker(new URL("./batch-worker.ts", import.meta.url), { workerData: request });
  try {
    const opened = await reply(worker);
    if ("facts" in opened) return batchesFrom(worker, request.config, firstStep, opened.facts);
    throw new Error("batch worker: no facts of the data");
  } catch (error) {
    await worker.terminate();
    throw error;
  }
}

function batchesFrom(worker: Worker, config: TrainConfig, firstStep: number, facts: DataFacts): Batches {
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
    facts,
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
  const answer = await reply(worker);
  if ("made" in answer) return answer.made;
  throw new Error("batch worker: no batch");
}

/** The next that a worker says; throws where it says that something is wrong. */
async function reply(worker: Worker): Promise<WorkerReply> {
  const said = await nextMessage<WorkerReply>(worker);
  if (!("mistake" in said)) return said;
  throw deserialiseError(said.mistake);
}
