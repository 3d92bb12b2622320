/** A row of `metadata.jsonl`: what may stand in it, checked. */
import { z } from "zod";
import { BoundedCache } from "../../common/bounded-cache.ts";
import type { MaskRegion, Region } from "../../grounding/region.ts";
import { compressCounts, packedMask } from "../../grounding/rle.ts";
import { uniteConcepts } from "../../vlm/concept.ts";
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

const lately = new BoundedCache<string, MaskRegion>({
  name: "masks",
  limit: 64,
  maxBytes: 16 * 2 ** 20,
  size: ({ counts }) => 16 * counts.length, // A number, and what the text has for it.
});

/** A mask of COCO's text form; the same one again where it came shortly before, in a question and in a concept. */
function sharedMask(size: readonly [number, number], counts: string): MaskRegion {
  return lately.getOrMakeNow(`${size} ${counts}`, () => filling(packedMask(size, counts)));
}

/** Throws where the runs of a mask do not fill its picture. */
function filling(mask: MaskRegion): MaskRegion {
  const [height, width] = mask.size;
  const { counts } = mask; // Of the text form, expanded anew each time.
  const total = counts.reduce((sum, count) => sum + count, 0);
  const below = counts.find((count) => count < 0);
  if (below !== undefined) throw new RangeError(`counts must be at least 0, got ${below}`);
  if (total === height * width) return mask;
  throw new RangeError(`counts must add up to ${height} x ${width}, got ${total}`);
}

/** One region of a row. Masks hold COCO run lengths, as a text or as a list. */
const region = z
  .discriminatedUnion("kind", [
    z.object({ kind: z.literal("box"), box }),
    z.object({ kind: z.literal("mask"), size, counts }),
    z.object({ kind: z.literal("points"), points }),
    z.object({ kind: z.literal("polyline"), points: points.min(2) }),
  ])
  .transform((given, context): Region => {
    if (given.kind === "box") {
      const [x0, y0, x1, y1] = given.box;
      return { kind: "box", box: [x0, y0, x1, y1] };
    }
    if (given.kind !== "mask") return given;
    try {
      const { kind, size, counts } = given;
      return typeof counts === "string" ? sharedMask(size, counts) : filling({ kind, size, counts });
    } catch (error) {
      context.addIssue((error as Error).message);
    }
    return z.NEVER;
  });

/** Exactly as long as it must be: lists that grew keep room for more, and a data set has very many. */
const regions = optional(z.array(region)).transform((all) => all?.slice() ?? []);

/** How a kind of answer is read is not known here: white space and case do not tell answers apart. */
const folded = (text: string) => text.trim().replace(/\s+/g, " ").toLowerCase();

const isChosen = ({ answer, choices }: { answer?: string | undefined; choices?: string[] | undefined }) =>
  answer === undefined ||
  choices === undefined ||
  choices.some((choice) => folded(choice) === folded(answer));

const chosen = {
  path: ["answer"],
  error: ({ input }: { input?: unknown }) => {
    const { answer, choices } = input as { answer: string; choices: string[] };
    return `must be one of the choices ${choices.join(", ")}, got "${answer}"`;
  },
};

/** What a question has besides its text and answer, nested or on the line itself. */
const questionFields = {
  task: optional(z.string()),
  regions,
  difficulty: optional(z.record(z.string(), z.union([z.number(), z.string(), z.null()]))),
  answerType: optional(z.enum(answerTypes)),
  choices: optional(z.array(z.string()).min(1)),
};

const question = z
  .object({ question: z.string().min(1), answer: z.string().min(1), ...questionFields })
  .refine(isChosen, chosen);
type GivenQuestion = z.output<typeof question>;

const concept = z.object({ word: z.string().min(1), regions });

const row = z.object({
  file_name: z.string().min(1),
  id: optional(z.union([z.string(), z.int().transform(String)])),
  questions: optional(z.array(question)),
  concepts: optional(z.array(concept)),
  question: optional(z.string().min(1)),
  answer: optional(z.string().min(1)),
  ...questionFields,
});

/**
 * A line of `metadata.jsonl`: a list of `questions`, or one `question` with its `answer`, `regions` and everything else
 * that a question can have on the line itself, or both. Other columns are let through; see {@link unreadColumns}.
 */
export const rowSchema = row
  .refine(({ question, answer }) => (question === undefined) === (answer === undefined), {
    message: "question and answer must come together",
  })
  .refine(({ question, regions, choices }) => question !== undefined || (regions.length === 0 && !choices), {
    message: "regions and choices must stand beside a question, or within questions or concepts",
  })
  .refine(isChosen, chosen)
  .transform((given): Row => {
    const { file_name: fileName, id = fileName, questions = [], concepts = [] } = given;
    const own = hasQuestion(given) ? [given, ...questions] : questions;
    return { fileName, id, questions: own.map(questionOf), concepts: concepts.map(conceptOf) };
  });

function hasQuestion(given: z.output<typeof row>): given is z.output<typeof row> & GivenQuestion {
  return given.question !== undefined && given.answer !== undefined;
}

/** What a line of a table holds: a row, each of its concepts once, or what is wrong with the line. */
export type ReadRow = { readonly row: Row } | { readonly problem: string; readonly cause: unknown };

/** Reads a line whose JSON is parsed; a mistake in it is told, not thrown. */
export function readRow(value: unknown): ReadRow {
  try {
    const parsed = rowSchema.safeParse(value);
    if (!parsed.success) return { problem: describeIssue(parsed.error.issues[0]), cause: parsed.error };
    return { row: { ...parsed.data, concepts: uniteConcepts(parsed.data.concepts) } };
  } catch (cause) {
    // A list of more than about 125,000 wrong items is more than the schema can say.
    if (!(cause instanceof RangeError)) throw cause;
    return { problem: "must be of the form, got more mistakes than can be counted", cause };
  }
}

/** The first issue as one line; for a choice of types, that of the choice itself. */
function describeIssue({ path, message }: z.core.$ZodIssue): string {
  const field = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  return field === "" ? message : `${field.replace(/^\./, "")}: ${message}`;
}

/** Names of what a row holds and nobody reads: `text`, `questions.note`. */
export function unreadColumns(value: unknown): string[] {
  const strayKeys = (given: unknown, known: object, prefix = "") =>
    typeof given !== "object" || given === null
      ? []
      : Object.entries(given).flatMap(([key, item]) =>
          item == null || Object.hasOwn(known, key) ? [] : [prefix + key],
        );
  const { questions, concepts } = (value ?? {}) as Record<string, unknown>;
  const listed = (list: unknown) => (Array.isArray(list) ? list : []);
  return [
    ...strayKeys(value, row.shape),
    ...listed(questions).flatMap((one) => strayKeys(one, question.shape, "questions.")),
    ...listed(concepts).flatMap((one) => strayKeys(one, concept.shape, "concepts.")),
  ];
}

/** An example without its pixels. */
export interface Row {
  readonly fileName: string;
  readonly id: string;
  readonly questions: readonly Question[];
  readonly concepts: readonly Concept[];
}

function conceptOf({ word, regions }: Concept): Concept {
  return { word, regions };
}

function questionOf(given: GivenQuestion): Question {
  const { task = "open", question, answer, regions, difficulty, answerType, choices } = given;
  const known = Object.entries(difficulty ?? {}).filter(
    (entry): entry is [string, number | string] => entry[1] !== null,
  );
  return {
    task,
    question,
    answer,
    regions,
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
  return region.kind === "mask"
    ? { kind: "mask", size: region.size, counts: compressCounts(region.counts) }
    : region;
}
