/** Labels that were changed by hand, and how they become lines of a new metadata.jsonl: nothing that nobody changed is lost. */

import type { Concept, Question } from "../../../data/example.ts";
import type { Region } from "../../../grounding/region.ts";
import { compressCounts } from "../../../grounding/rle.ts";

/** A question as it is edited; `from` is its place in the row that was read, none for a new one. */
export interface EditedQuestion extends Question {
  readonly from?: number;
}

/** A concept as it is edited; `from` is the word that it had in the row that was read. */
export interface EditedConcept extends Concept {
  readonly from?: string;
}

export interface EditedLabels {
  readonly questions: readonly EditedQuestion[];
  readonly concepts: readonly EditedConcept[];
}

/** By an item's place in the data set. */
export type LabelEdits = ReadonlyMap<number, EditedLabels>;

export interface SavedLabels {
  /** Where they are now: "metadata.edited-1.jsonl". */
  readonly file: string;
  /** How a command takes them; undefined where the page alone knows the folder. */
  readonly command?: string;
}

/** The name of the n-th file of edited labels; the first labels of a folder that has none are its metadata.jsonl. */
export function editedName(n: number): string {
  return `metadata.edited-${n}.jsonl`;
}

/** The first name that is not taken. */
export function freeName(taken: ReadonlySet<string>, hasMetadata: boolean): string {
  if (!hasMetadata && !taken.has("metadata.jsonl")) return "metadata.jsonl";
  let n = 1;
  while (taken.has(editedName(n))) n++;
  return editedName(n);
}

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const listOf = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isObject) : []);

/** The fields of a question that may stand on the line itself. */
const questionFields = ["question", "answer", "task", "regions", "difficulty", "answerType", "choices"];

/**
 * The line with its labels changed. A question that was there keeps what it had besides, and stays where it stood: on the
 * line itself, or in its list. Columns that nobody reads are kept.
 */
export function mergedLine(raw: Json, { questions, concepts }: EditedLabels): Json {
  const hasOwn = raw.question !== undefined && raw.question !== null;
  const listed = listOf(raw.questions);
  const rawOf = (from: number) => (hasOwn && from === 0 ? raw : listed[from - (hasOwn ? 1 : 0)]);
  const isOwn = ({ from }: EditedQuestion) => hasOwn && from === 0;
  const own = questions.find(isOwn);
  const others = questions.filter((question) => !isOwn(question));
  const rest = Object.fromEntries(
    Object.entries(raw).filter(([name]) => !(hasOwn && own === undefined && questionFields.includes(name))),
  );
  return {
    ...rest,
    ...(own && questionLine(pick(raw, questionFields), own)),
    ...((others.length > 0 || "questions" in raw) && {
      questions: others.map((one) =>
        questionLine(one.from === undefined ? {} : (rawOf(one.from) ?? {}), one),
      ),
    }),
    ...((concepts.length > 0 || "concepts" in raw) && {
      concepts: concepts.map((one) => conceptLine(listOf(raw.concepts), one)),
    }),
  };
}

function pick(raw: Json, names: readonly string[]): Json {
  return Object.fromEntries(names.flatMap((name) => (name in raw ? [[name, raw[name]]] : [])));
}

function questionLine(raw: Json, question: EditedQuestion): Json {
  const { task, question: text, answer, regions, difficulty, answerType, choices } = question;
  const isPlain = task === "open" && !("task" in raw);
  return {
    ...raw,
    ...(!isPlain && { task }),
    question: text,
    answer,
    ...((regions.length > 0 || "regions" in raw) && { regions: regionLines(raw.regions, regions) }),
    ...(difficulty && !("difficulty" in raw) && { difficulty }),
    ...(answerType && { answerType }),
    ...(choices && { choices }),
  };
}

function conceptLine(raw: readonly Json[], { from, word, regions }: EditedConcept): Json {
  const same = raw.filter((one) => typeof one.word === "string" && one.word.trim() === from);
  const old = same.flatMap(({ regions }) => (Array.isArray(regions) ? regions : []));
  return { ...same.at(-1), word, regions: regionLines(old, regions) };
}

/** Regions that are as they were keep their own form, with all that stands in it. */
function regionLines(raw: unknown, regions: readonly Region[]): unknown[] {
  const old = listOf(raw);
  return regions.map((region) => {
    const line = plainRegion(region);
    const text = JSON.stringify(line);
    return old.find((one) => isSame(one, region, text)) ?? line;
  });
}

function isSame(raw: Json, region: Region, text: string): boolean {
  if (raw.kind !== region.kind) return false;
  if (region.kind === "box") return JSON.stringify(raw.box) === JSON.stringify(region.box);
  if (region.kind !== "mask") return JSON.stringify(raw.points) === JSON.stringify(region.points);
  const counts = Array.isArray(raw.counts) ? compressCounts(raw.counts as number[]) : raw.counts;
  return JSON.stringify({ kind: "mask", size: raw.size, counts }) === text;
}

/** As metadata.jsonl holds it: run lengths of masks in COCO's text form. */
export function plainRegion(region: Region): object {
  if (region.kind !== "mask") return region;
  const counts: unknown = region.counts;
  const text = typeof counts === "string" ? counts : compressCounts(region.counts);
  return { kind: "mask", size: region.size, counts: text };
}

/** Questions as they go over the line. */
export const questionLines = (questions: readonly EditedQuestion[]) =>
  questions.map((one) => ({ ...one, regions: one.regions.map(plainRegion) }));

/** Concepts as they go over the line. */
export const conceptLines = (concepts: readonly EditedConcept[]) =>
  concepts.map((one) => ({ ...one, regions: one.regions.map(plainRegion) }));
