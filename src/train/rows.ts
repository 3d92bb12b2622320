/** How a run's examples become rows of batches, and which of them go into batches together. */
import { type BatchSizes, batchSizes, type Collator, openCollator } from "../data/collate.ts";
import { type CollateTools, openEncoder } from "../data/encode.ts";
import type { Example, Question, Texts } from "../data/example.ts";
import type { TargetOptions } from "../grounding/target.ts";
import { imageTokenCount } from "../models/layout.ts";
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
  blueprint: Blueprint,
  source: Source,
): Promise<RunRows> {
  const collator = openRunCollator(config, blueprint, source);
  return {
    collator,
    classOf: async () => 0,
    fit: trimmed(blueprint.tools, collator.sizes),
    planned: { imageTokens: [imageTokenCount(collator.layout)], shapes: 1, padding: 0 },
  };
}

/** Sizes that hold every batch of the run; {@link trimmed} cuts the rare example that they do not hold. */
function openRunCollator({ data }: TrainConfig, { tools }: Blueprint, source: Source): Collator {
  const { folder } = source;
  const seen = batchSizes(tools, folder ? [...folder.training, ...folder.evaluated] : source.sample);
  const targets = data.targets as Partial<TargetOptions>;
  if (folder !== undefined || source.concepts.length === 0) return openCollator(tools, seen, targets);
  const { conceptTokens } = batchSizes(tools, [everyConcept(source)]);
  return openCollator(tools, { ...seen, concepts: source.mostConcepts, conceptTokens }, targets);
}

function everyConcept({ concepts }: Source): Texts {
  return { id: "concepts", questions: [], concepts: concepts.map((word) => ({ word, regions: [] })) };
}

/** Leaves out the last questions of examples that are longer than the batch's rows, the same every time. */
function trimmed(tools: CollateTools, sizes: BatchSizes): (example: Example) => Example {
  const encoder = openEncoder(tools);
  const fits = (questions: readonly Question[]) => {
    const encoded = questions.map(encoder.question);
    const answers = encoded.reduce((sum, { answer }) => sum + answer.length, 0);
    const asked = encoded.reduce((sum, { question }) => sum + question.length, 0);
    const length = encoder.prefix.length + asked + answers - questions.length;
    return questions.length <= sizes.questions && answers <= sizes.answers && length <= sizes.sequence;
  };
  return (example) => {
    let { questions } = example;
    while (!fits(questions)) questions = questions.slice(0, -1);
    return { ...example, questions };
  };
}
