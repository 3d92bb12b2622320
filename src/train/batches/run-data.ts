/** A run's data, opened by the one thread that makes its batches: a large folder's rows are held once. */
import type { Example } from "../../data/example.ts";
import type { HeldOut } from "../../data/held-out.ts";
import { customFamilies } from "../../models/custom.ts";
import type { TrainConfig } from "../config/config.ts";
import { type Blueprint, openBlueprint } from "../run/model.ts";
import { countsOf, type Planned, type RunSummary } from "../run/summary.ts";
import { checkLearnable, type LearningLoss } from "./data-checks.ts";
import type { Source } from "./examples.ts";
import { openRunRows, type RunRows } from "./rows.ts";
import type { ShapedBatch } from "./shapes.ts";
import { openSource } from "./source.ts";
import { describeUnknown, unknownInData } from "./unknown-words.ts";

/** What data is opened for; plain values, which a thread can be given. */
export interface DataRequest {
  readonly config: TrainConfig;
  readonly losses: readonly LearningLoss[];
  /** Where the modules of the user's own families are looked for. */
  readonly folder: string;
}

/** What a run is told of its data; plain values, too. */
export interface DataFacts {
  readonly counts: RunSummary["data"];
  readonly planned: Planned;
  /** What the data lacks, or cannot be used of it. */
  readonly notes: readonly string[];
  /** Of a folder. */
  readonly heldOut?: HeldOut;
  /** Held-out examples that the run is watched by, if its config asks for them. */
  readonly probes: readonly Example[];
}

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

export interface RunData {
  readonly facts: DataFacts;
  readonly make: MakeBatch;
}

/** Throws a UserError for data that cannot be read, or that a loss cannot learn anything from. */
export async function openRunData({ config, losses, folder: home }: DataRequest): Promise<RunData> {
  const families = await customFamilies(config.model.families, home);
  const source = await openSource(config, families);
  const { folder } = source;
  const left = folder === undefined ? [] : checkLearnable(folder, losses);
  const blueprint = await openBlueprint(config, () => source.words, families);
  const rows = await openRunRows(config, blueprint, source);
  const facts = {
    counts: countsOf(source),
    planned: rows.planned,
    notes: [...(folder?.notices ?? []), ...left, ...unknownNotes(source, blueprint)],
    ...(folder && { heldOut: folder.heldOut }),
    probes: await heldOutProbes(config, source, rows),
  };
  return { facts, make: batchesOf(source, rows) };
}

/** The first held-out examples that show something or ask something. */
async function heldOutProbes(
  { train: { probes, batchSize } }: TrainConfig,
  source: Source,
  { classOf }: RunRows,
): Promise<Example[]> {
  if (probes?.pictures !== "held-out") return [];
  const found = new Map<string, Example>();
  for (let batch = 0; found.size < probes.count && batch * batchSize < 4 * probes.count + batchSize; batch++)
    for (const example of await source.evaluation(batch, classOf))
      if (isWatchable(example)) found.set(example.id, example);
  return [...found.values()].slice(0, probes.count);
}

const isWatchable = ({ concepts, questions }: Example) =>
  questions.length > 0 || concepts.some(({ regions }) => regions.length > 0);

function unknownNotes({ folder }: Source, { tools }: Pick<Blueprint, "tools">): string[] {
  return folder === undefined ? [] : describeUnknown(unknownInData(folder.training, tools.chat));
}

function batchesOf(source: Source, { collator, classOf, fit }: RunRows): MakeBatch {
  return async ({ kind, step, micro }) => {
    const examples = await (kind === "train"
      ? source.batch(step, micro, classOf)
      : source.evaluation(micro, classOf));
    return { ...collator.collate(examples.map(fit)), ids: examples.map(({ id }) => id) };
  };
}
