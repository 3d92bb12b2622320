/** The three scores of a column, and what stands in their place where there is nothing to score. */
import { formatProbability } from "../../../../lens/scale.ts";
import { lookAt, type Seen, scoreOf } from "../say/view.ts";

export interface Score {
  readonly name: string;
  /** How it is measured. */
  readonly what: string;
  /** 0 to 1; undefined where there is nothing to measure. */
  readonly value?: number;
  /** What is said instead. */
  readonly detail?: string;
}

const names = {
  iou: ["lens IoU", "patches that say the word, from the threshold on, against the patches it shows in"],
  pointing: ["pointing", "whether the patch that says the word most lies on it"],
  look: ["attention on target", "share of the attention on the image that lies on the evidence, last layer"],
} as const;

export function scoresOf(
  seen: Seen | undefined,
  word: string | undefined,
  question: string | undefined,
  threshold: number,
): Score[] {
  const lens = seen && word !== undefined ? scoreOf(seen, word, threshold) : undefined;
  const share = seen && question !== undefined ? lookAt(seen, question)?.share : undefined;
  const isUnknown = word !== undefined && seen?.glance.unknown.includes(word);
  const missing = isUnknown ? "no word" : lens === undefined ? "" : "absent";
  return [
    {
      ...score("iou", lens?.iou, missing),
      what: `${names.iou[1]}; threshold ${formatProbability(threshold)}`,
    },
    score("pointing", lens?.pointing, missing),
    score("look", share, share === undefined ? "" : "no target"),
  ];
}

function score(kind: keyof typeof names, value: number | undefined, detail: string): Score {
  const [name, what] = names[kind];
  const isNumber = value !== undefined && !Number.isNaN(value);
  return { name, what, ...(isNumber ? { value } : { detail }) };
}
