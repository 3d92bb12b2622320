/** What a run folder holds: the contract between asking a model and scoring its answers. */
import type { AnswerType, ParsedAnswer } from "../answers/kinds.ts";
import type { Region } from "../grounding/region.ts";

/** One question of a run, as `items.jsonl` holds it: everything that scoring needs beside the model's answer. */
export interface ItemRecord {
  /** `<id of the example>/<place of the question in it>` */
  readonly id: string;
  readonly task: string;
  /** Path of the picture below the run's data folder, and its size in pixels. */
  readonly image: string;
  readonly width: number;
  readonly height: number;
  readonly question: string;
  /** The right answer. For points and boxes the truth is in `regions`, in pixels. */
  readonly answer: string;
  readonly answerType: AnswerType;
  readonly choices?: readonly string[];
  readonly regions: readonly Region[];
  readonly difficulty: Readonly<Record<string, number | string>>;
}

/** A line of `answers.jsonl`, appended when the answer is there. */
export interface AnswerRecord {
  readonly id: string;
  /** The answer as the model gave it; empty when it gave none. */
  readonly text: string;
  /** Null when the text is no answer of the item's type: it counts as wrong, and `problem` says why. */
  readonly parsed: ParsedAnswer | null;
  readonly problem?: string;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  /** Tokens of a local model's answer that its tokenizer has no text for; left out of the text. */
  readonly unknownTokens?: number;
}

/** `run.json`: what was asked of whom. Holds no key and no address with a password. */
export interface RunRecord {
  readonly version: 1;
  /** The model as the user named it: `checkpoints/full`, `openai:gpt-5`, `blind`, ... */
  readonly model: string;
  /** How the model writes points and boxes, and which prompt templates it gets. */
  readonly family: string;
  /**
   * Folder of the data as seen from the run folder, so that both can be moved together; the SHA-256 of its
   * `metadata.jsonl`.
   */
  readonly data: string;
  readonly dataHash: string;
  /** SHA-256 of the templates that were used. */
  readonly promptHash: string;
  readonly items: number;
  /** Of the choice of items where only a part is asked, and of the baselines. */
  readonly seed: number;
  /** Which part of the data was asked, where it was not all of it: "held-out", "train". */
  readonly part?: string;
  /** What the model's name does not fix: address of a server, hash of a local folder's weights. */
  readonly identity?: string;
  /** Left out for local models, which answer greedily. */
  readonly temperature?: number;
  readonly maxOutputTokens?: number;
}
