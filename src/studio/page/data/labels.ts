/** The labels of one picture while they are edited: plain data, each change a new value, so that it can be undone. */
import type { Row } from "../../../data/imagefolder/schema.ts";
import type { Region } from "../../../grounding/region.ts";
import type { EditedConcept, EditedLabels, EditedQuestion } from "./edits.ts";

/** What regions belong to. */
export interface Target {
  readonly kind: "question" | "concept";
  readonly at: number;
}

export function editedOf({ questions, concepts }: Row): EditedLabels {
  return {
    questions: questions.map((question, from) => ({ ...question, from })),
    concepts: concepts.map((concept) => ({ ...concept, from: concept.word })),
  };
}

export function regionsOf({ questions, concepts }: EditedLabels, { kind, at }: Target): readonly Region[] {
  return (kind === "question" ? questions[at] : concepts[at])?.regions ?? [];
}

export function withRegions(labels: EditedLabels, target: Target, regions: readonly Region[]): EditedLabels {
  return target.kind === "question"
    ? withQuestion(labels, target.at, { regions })
    : withConcept(labels, target.at, { regions });
}

export function withQuestion(
  labels: EditedLabels,
  at: number,
  change: Partial<EditedQuestion>,
): EditedLabels {
  return { ...labels, questions: labels.questions.map((one, i) => (i === at ? { ...one, ...change } : one)) };
}

export function withConcept(labels: EditedLabels, at: number, change: Partial<EditedConcept>): EditedLabels {
  return { ...labels, concepts: labels.concepts.map((one, i) => (i === at ? { ...one, ...change } : one)) };
}

/** A region more; its place is the last. */
export function addRegion(labels: EditedLabels, target: Target, region: Region): EditedLabels {
  return withRegions(labels, target, [...regionsOf(labels, target), region]);
}

export function addQuestion(labels: EditedLabels): EditedLabels {
  return {
    ...labels,
    questions: [...labels.questions, { task: "open", question: "", answer: "", regions: [] }],
  };
}

export function addConcept(labels: EditedLabels): EditedLabels {
  return { ...labels, concepts: [...labels.concepts, { word: "", regions: [] }] };
}

export function removeTarget(labels: EditedLabels, { kind, at }: Target): EditedLabels {
  const without = <T>(all: readonly T[]) => all.filter((_, i) => i !== at);
  return kind === "question"
    ? { ...labels, questions: without(labels.questions) }
    : { ...labels, concepts: without(labels.concepts) };
}

/** What keeps labels from being saved, in one line; undefined where nothing does. */
export function unfinished({ questions, concepts }: EditedLabels): string | undefined {
  const words = concepts.map(({ word }) => word.trim());
  if (words.includes("")) return "A word has no text yet.";
  const twice = words.find((word, i) => words.indexOf(word) !== i);
  if (twice !== undefined) return `The word “${twice}” stands there twice.`;
  const question = questions.find((one) => one.question.trim() === "" || one.answer.trim() === "");
  if (question !== undefined) return "A question needs its text and its answer.";
  const odd = questions.find(({ answer, choices }) => choices !== undefined && !choices.includes(answer));
  return odd && `“${odd.answer}” is none of the answers of its question: ${odd.choices?.join(", ")}.`;
}

export interface History {
  readonly past: readonly EditedLabels[];
  readonly now: EditedLabels;
  readonly future: readonly EditedLabels[];
}

/** Steps that are kept. */
const MOST = 200;

export const begin = (now: EditedLabels): History => ({ past: [], now, future: [] });

/** A step that can be undone; the same labels again are none. */
export function record({ past, now, future }: History, next: EditedLabels): History {
  if (next === now) return { past, now, future };
  return { past: [...past, now].slice(-MOST), now: next, future: [] };
}

/** Changes what is there without a step of its own: a text while it is typed, after its first letter. */
export const amend = ({ past }: History, now: EditedLabels): History => ({ past, now, future: [] });

export function undo({ past, now, future }: History): History {
  const before = past.at(-1);
  return before === undefined
    ? { past, now, future }
    : { past: past.slice(0, -1), now: before, future: [now, ...future] };
}

export function redo({ past, now, future }: History): History {
  const [next, ...rest] = future;
  return next === undefined ? { past, now, future } : { past: [...past, now], now: next, future: rest };
}
