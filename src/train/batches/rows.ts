/** How a run's examples become rows of batches, and which of them go into batches together. */
import { inBatches } from "../../common/in-batches.ts";
import { type Collator, openCollator, planFor, rowMeasure } from "../../data/collate.ts";
import type { CollateTools } from "../../data/encode.ts";
import type { Example, ExampleRef, Texts } from "../../data/example.ts";
import type { TargetOptions } from "../../grounding/target.ts";
import { imageTokenCount } from "../../models/inputs/layout.ts";
import { fitsNeeds, type Plan, paddingOf, type RowNeeds, roomIndex, unionNeeds } from "../../vlm/plan.ts";
import type { TrainConfig } from "../config/config.ts";
import type { Blueprint } from "../run/model.ts";
import type { Planned } from "../run/summary.ts";
import type { ClassOf, Source } from "./examples.ts";
import { SHAPES } from "./shapes.ts";

export interface RunRows {
  readonly collator: Collator;
  readonly classOf: ClassOf;
  /** An example as its row has it. */
  fit(example: Example): Example;
  readonly planned: Planned;
}

/** Plans the shapes of rows by the texts of the source's sample and the sizes of its pictures. */
export async function openRunRows(
  config: TrainConfig,
  { tools }: Pick<Blueprint, "tools">,
  source: Source,
): Promise<RunRows> {
  const measure = rowMeasure(tools);
  const needsOf = async (ref: ExampleRef) => measure({ ...texts(ref), size: await ref.size() });
  const needs = await inBatches(source.sample, needsOf);
  const plan =
    source.folder === undefined ? await onePlan(tools, source, needs) : planFor(tools, needs, SHAPES);
  return {
    collator: openCollator(tools, plan, config.data.targets as Partial<TargetOptions>),
    classOf: async (ref) => roomIndex(plan, await needsOf(ref)),
    // Examples on disk are whole; of those made without end the rare long one is cut.
    fit: source.folder === undefined ? trimmed(tools, plan) : (example) => example,
    planned: {
      imageTokens: needs.map(({ room }) => imageTokenCount(room.layout)),
      shapes: plan.rooms.length,
      padding: paddingOf(plan, needs, tools.family.pixels),
    },
  };
}

const texts = ({ id, questions, concepts }: Texts): Texts => ({ id, questions, concepts });

/** One room for examples that are made: it holds the sample's rows, and whatever concepts may come. */
async function onePlan(tools: CollateTools, source: Source, needs: readonly RowNeeds[]): Promise<Plan> {
  const plan = planFor(tools, [unionNeeds(needs)], 1);
  const [first] = source.sample;
  if (source.concepts.length === 0) return plan;
  const every = source.concepts.map((word) => ({ word, regions: [] }));
  const { counts } = rowMeasure(tools)({ ...texts(first), concepts: every, size: await first.size() });
  const { conceptTokens } = counts;
  const rooms = plan.rooms.map((room) => ({
    ...room,
    counts: { ...room.counts, concepts: source.maxConcepts, conceptTokens },
  }));
  return { rooms };
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
