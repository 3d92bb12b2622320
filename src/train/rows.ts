/** How a run's examples become rows of batches, and which of them go into batches together. */
import { type Collator, openCollator, planFor, rowMeasure } from "../data/collate.ts";
import type { CollateTools } from "../data/encode.ts";
import type { Example, ExampleRef } from "../data/example.ts";
import type { TargetOptions } from "../grounding/target.ts";
import {
  fitsNeeds,
  type Plan,
  paddingOf,
  type RowNeeds,
  roomFor,
  roomIndex,
  unionNeeds,
} from "../vlm/plan.ts";
import type { TrainConfig } from "./config.ts";
import type { ClassOf, Source } from "./examples.ts";
import type { Blueprint } from "./model.ts";
import type { Planned } from "./summary.ts";

export interface RunRows {
  readonly collator: Collator;
  readonly classOf: ClassOf;
  /** An example as its row has it. */
  fit(example: Example): Example;
  readonly planned: Planned;
}

export async function openRunRows(
  config: TrainConfig,
  { tools }: Pick<Blueprint, "tools">,
  source: Source,
): Promise<RunRows> {
  const rows = await measured(tools, source.sample);
  const plan = await runPlan(tools, source, rows);
  const measure = rowMeasure(tools);
  const rule = tools.family.pixels(tools.config as never);
  const sizes = await Promise.all(source.sample.map((ref) => ref.size()));
  return {
    collator: openCollator(tools, plan, config.data.targets as Partial<TargetOptions>),
    classOf: async (ref) => roomIndex(plan, measure({ ...ref, size: await ref.size() })),
    // Examples on disk are whole; of those made without end the rare long one is cut.
    fit: source.folder === undefined ? trimmed(tools, plan) : (example) => example,
    planned: {
      imageTokens: sizes.map((size) => tools.reader.measure(size).tokens),
      shapes: new Set(rows.map((row) => roomFor(plan, [row], rule))).size,
      padding: paddingOf(plan, rows, rule),
    },
  };
}

/** Several rooms for a folder, one for examples that are made. */
async function runPlan(tools: CollateTools, source: Source, rows: readonly RowNeeds[]): Promise<Plan> {
  if (source.folder !== undefined) return planFor(tools, rows);
  const plan = planFor(tools, [unionNeeds(rows)], 1);
  if (source.concepts.length === 0) return plan;
  const [{ counts: all }] = await measured(tools, [everyConcept(source)]);
  const { conceptTokens } = all;
  const rooms = plan.rooms.map(({ room, counts }) => ({
    room,
    counts: { ...counts, concepts: source.mostConcepts, conceptTokens },
  }));
  return { rooms };
}

function measured(tools: CollateTools, refs: readonly ExampleRef[]): Promise<RowNeeds[]> {
  const measure = rowMeasure(tools);
  return Promise.all(refs.map(async (ref) => measure({ ...ref, size: await ref.size() })));
}

function everyConcept({ sample, concepts }: Source): ExampleRef {
  return { ...sample[0], questions: [], concepts: concepts.map((word) => ({ word, regions: [] })) };
}

/** Leaves out the last questions of examples that are longer than the largest room, the same every time. */
function trimmed(tools: CollateTools, { rooms }: Plan): (example: Example) => Example {
  const measure = rowMeasure(tools);
  const largest = rooms[rooms.length - 1];
  const fits = ({ image, ...row }: Example) => {
    const { room, counts } = measure({ ...row, size: image, concepts: [] });
    const { questions, answers } = counts;
    return fitsNeeds({ room, counts: { questions, answers } }, largest);
  };
  return (example) => {
    let { questions } = example;
    while (questions.length > 0 && !fits({ ...example, questions })) questions = questions.slice(0, -1);
    return { ...example, questions };
  };
}
