import { z } from "zod";
import type { Region } from "../../grounding/region.ts";
import { compressCounts, expandCounts } from "../../grounding/rle.ts";
import { answerTypes, type Concept, type Question } from "../example.ts";

/** Python's `datasets` fills what a row lacks with null, so null counts as left out. */
const optional = <T extends z.ZodType>(type: T) => type.nullish().transform((value) => value ?? undefined);

const number = z.number();
const box = z
  .tuple([number, number, number, number])
  .refine(([x0, y0, x1, y1]) => x0 < x1 && y0 < y1, "must be [x0, y0, x1, y1] with x0 < x1 and y0 < y1");
const counts = z.union([z.string(), z.array(z.int().min(0))]);
const size = z.tuple([z.int().min(1), z.int().min(1)]);
const points = z.array(z.tuple([number, number])).min(1);

/** One region of a row. Masks hold COCO run lengths, as a text or as a list. */
const region = z
  .discriminatedUnion("kind", [
    z.object({ kind: z.literal("box"), box }),
    z.object({ kind: z.literal("mask"), size, counts }),
    z.object({ kind: z.literal("points"), points }),
    z.object({ kind: z.literal("polyline"), points: points.min(2) }),
  ])
  .transform((given, context): Region => {
    if (given.kind !== "mask") return given;
    try {
      const counts = typeof given.counts === "string" ? expandCounts(given.counts) : given.counts;
      const total = counts.reduce((sum, count) => sum + count, 0);
      if (total === given.size[0] * given.size[1]) return { ...given, counts };
      context.addIssue(`counts must add up to ${given.size[0]} x ${given.size[1]}, got ${total}`);
    } catch (error) {
      context.addIssue((error as Error).message);
    }
    return z.NEVER;
  });

const regions = optional(z.array(region)).transform((all) => all ?? []);

const question = z.object({
  task: optional(z.string()).transform((task) => task ?? "open"),
  question: z.string().min(1),
  answer: z.string().min(1),
  regions,
  difficulty: optional(z.record(z.string(), z.union([z.number(), z.string(), z.null()]))),
  answerType: optional(z.enum(answerTypes)),
  choices: optional(z.array(z.string()).min(1)),
});

const concept = z.object({ word: z.string().min(1), regions });

/**
 * A line of `metadata.jsonl`: either a list of `questions`, or one `question` with its `answer` and `regions` on
 * the line itself. Other columns are let through unread.
 */
export const rowSchema = z
  .object({
    file_name: z.string().min(1),
    id: optional(z.string()),
    questions: optional(z.array(question)),
    question: optional(z.string().min(1)),
    answer: optional(z.string().min(1)),
    task: optional(z.string()),
    regions,
    concepts: optional(z.array(concept)),
  })
  .refine((row) => (row.question === undefined) === (row.answer === undefined), {
    message: "question and answer must come together",
  })
  .transform((row): Row => {
    const { file_name: fileName, id = fileName, questions = [], concepts = [] } = row;
    const own = ownQuestion(row);
    return { fileName, id, questions: own === undefined ? questions.map(withoutNulls) : [own], concepts };
  });

/** An example without its pixels. */
export interface Row {
  readonly fileName: string;
  readonly id: string;
  readonly questions: readonly Question[];
  readonly concepts: readonly Concept[];
}

function ownQuestion(row: {
  question?: string | undefined;
  answer?: string | undefined;
  task?: string | undefined;
  regions: Region[];
}): Question | undefined {
  if (row.question === undefined || row.answer === undefined) return undefined;
  return { task: row.task ?? "open", question: row.question, answer: row.answer, regions: row.regions };
}

function withoutNulls({ difficulty, answerType, choices, ...rest }: z.infer<typeof question>): Question {
  const known = Object.entries(difficulty ?? {}).filter(
    (entry): entry is [string, number | string] => entry[1] !== null,
  );
  return {
    ...rest,
    ...(difficulty && { difficulty: Object.fromEntries(known) }),
    ...(answerType && { answerType }),
    ...(choices && { choices }),
  };
}

/** A row as a line of `metadata.jsonl`, without its line break. */
export function rowLine({ fileName, id, questions, concepts }: Row): string {
  return JSON.stringify({
    file_name: fileName,
    id,
    questions: questions.map((q) => ({ ...q, regions: q.regions.map(plainRegion) })),
    concepts: concepts.map((c) => ({ ...c, regions: c.regions.map(plainRegion) })),
  });
}

function plainRegion(region: Region) {
  return region.kind === "mask" ? { ...region, counts: compressCounts(region.counts) } : region;
}
