/** What is looked at in a data set before a run starts: whether its losses have anything to learn from. */
import { UserError } from "../../common/errors.ts";
import type { Texts } from "../../data/example.ts";
import type { ExamplePart } from "../../losses/loss.ts";
import type { FolderData } from "./examples.ts";

/** A loss that is computed, and what it learns from; undefined: whatever there is. */
export interface LearningLoss {
  readonly name: string;
  readonly learnsFrom: ExamplePart | undefined;
}

interface Part {
  readonly name: string;
  /** What either has the part or not, of all that an example holds. */
  readonly unit: string;
  of(example: Texts): readonly boolean[];
}

const parts: Record<ExamplePart, Part> = {
  answers: { name: "question with an answer", unit: "rows", of: ({ questions }) => [questions.length > 0] },
  concepts: { name: "concept", unit: "rows", of: ({ concepts }) => [concepts.length > 0] },
  regions: {
    name: "region",
    unit: "questions",
    of: ({ questions }) => questions.map(({ regions }) => regions.length > 0),
  },
};

/**
 * Throws a UserError where a loss would learn from nothing at all; gives a note for each loss that has to leave out
 * some of the data.
 */
export function checkLearnable(
  { name: folder, training }: Pick<FolderData, "name" | "training">,
  losses: readonly LearningLoss[],
): string[] {
  const counted = losses.flatMap(({ name, learnsFrom }) =>
    learnsFrom === undefined ? [] : [{ loss: name, part: parts[learnsFrom], all: 0, without: 0 }],
  );
  for (const { id, questions, concepts } of training)
    for (const count of counted) {
      const has = count.part.of({ id, questions, concepts });
      count.all += has.length;
      count.without += has.filter((one) => !one).length;
    }
  const empty = counted.filter(({ all, without }) => without === all);
  if (empty.length > 0) throw nothingToTrainOn(folder, empty, empty.length === losses.length);
  return counted
    .filter(({ without }) => without > 0)
    .map(
      ({ loss, part: { name, unit }, all, without }) =>
        `${without} of ${all} ${unit} have no ${name} and are left out of ${loss}`,
    );
}

function nothingToTrainOn(
  folder: string,
  empty: readonly { readonly loss: string; readonly part: Part }[],
  isAll: boolean,
): UserError {
  const losses = empty.map(({ loss }) => loss);
  const missing = empty.map(({ loss, part }) => `no ${part.name} (${loss})`).join(", ");
  const without = losses.map((loss) => `--set losses.${loss}.weight=0`).join(" ");
  const hint = isAll
    ? "a row needs questions with answers, regions or concepts"
    : `give some, or train without: ${without}`;
  return new UserError(`train: nothing to train on in ${folder}: ${missing}; ${hint}`);
}
