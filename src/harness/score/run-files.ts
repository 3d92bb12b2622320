/** What the files of a run folder must hold; pure, so that pages read them too. */
import { z } from "zod";
import { UserError } from "../../common/errors.ts";
import { parseJson } from "../../common/json.ts";
import { answerTypes } from "../../data/example.ts";
import { MOST_PIXELS } from "../../hub/image/picture-bytes.ts";
import type { AnswerRecord, ItemRecord, RunRecord } from "../record.ts";

/** What a run folder holds. */
export interface RunFolder {
  readonly run: RunRecord;
  readonly items: readonly ItemRecord[];
  readonly answers: readonly AnswerRecord[];
}

const number = z.number();
const point = z.tuple([number, number]);
const box = z.tuple([number, number, number, number]);

const region = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("box"), box }),
  z
    .object({
      kind: z.literal("mask"),
      size: z.tuple([z.int().min(1), z.int().min(1)]),
      counts: z.array(z.int().min(0)),
    })
    .refine(
      ({ size: [height, width], counts }) =>
        height * width <= MOST_PIXELS && counts.reduce((sum, count) => sum + count, 0) === height * width,
      `counts must add up to the size, of at most ${MOST_PIXELS} pixels`,
    ),
  z.object({ kind: z.literal("points"), points: z.array(point).min(1) }),
  z.object({ kind: z.literal("polyline"), points: z.array(point).min(1) }),
]);

const item = z.object({
  id: z.string(),
  task: z.string().min(1),
  image: z.string(),
  width: z.number().positive(),
  height: z.number().positive(),
  question: z.string(),
  answer: z.string(),
  answerType: z.enum(answerTypes),
  choices: z.array(z.string()).optional(),
  regions: z.array(region),
  difficulty: z.record(z.string(), z.union([number, z.string()])),
});

const parsed = z.discriminatedUnion("type", [
  z.object({ type: z.enum(["text", "label", "yes-no"]), value: z.string() }),
  z.object({ type: z.literal("number"), value: number }),
  z.object({ type: z.literal("cell"), row: number, column: number }),
  z.object({ type: z.literal("points"), points: z.array(point) }),
  z.object({ type: z.literal("box"), box }),
]);

const answer = z.object({
  id: z.string(),
  text: z.string(),
  parsed: parsed.nullable(),
  problem: z.string().optional(),
  inputTokens: number.optional(),
  outputTokens: number.optional(),
  unknownTokens: number.optional(),
});

const run = z.looseObject({
  version: z.literal(1),
  model: z.string(),
  family: z.string(),
  data: z.string(),
  dataHash: z.string(),
  promptHash: z.string(),
  items: z.int().min(0),
  seed: z.int(),
});

/** The texts of a run folder's files. */
export interface RunTexts {
  readonly run: string;
  readonly items: string;
  readonly answers: string;
}

/**
 * What a run folder holds by its texts; every mistake is a `UserError` with file, line and field. A last line of answers
 * without its line break was cut off by a crash: it counts as not answered.
 */
export function parseRun(folder: string, { run: runText, items, answers }: RunTexts): RunFolder {
  const whole = answers.slice(0, answers.lastIndexOf("\n") + 1);
  const at = (name: string) => `${folder.replace(/\/+$/, "")}/${name}`;
  return {
    run: parse(run, runText, at("run.json")) as RunRecord,
    items: parseLines(item, items, at("items.jsonl")) as ItemRecord[],
    answers: parseLines(answer, whole, at("answers.jsonl")) as AnswerRecord[],
  };
}

function parseLines<T>(type: z.ZodType<T>, text: string, path: string): T[] {
  return text
    .split("\n")
    .flatMap((line, i) => (line.trim() === "" ? [] : [parse(type, line, `${path}, line ${i + 1}`)]));
}

function parse<T>(type: z.ZodType<T>, text: string, place: string): T {
  const result = type.safeParse(parseJson(text, place));
  if (result.success) return result.data;
  const [{ path, message }] = result.error.issues;
  throw new UserError(`${place}: ${path.length > 0 ? `${path.join(".")}: ` : ""}${message}`);
}
