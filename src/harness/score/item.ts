import { type JudgeOptions, judge, type Verdict } from "../../answers/judge.ts";
import { UserError } from "../../common/errors.ts";
import type { AnswerRecord, ItemRecord } from "../record.ts";

/** What became of a question. */
export type Outcome = "right" | "wrong" | "unparsable" | "unanswered";

/** One question judged. */
export interface ItemScore extends Verdict {
  readonly id: string;
  readonly task: string;
  readonly outcome: Outcome;
}

/**
 * Scores the answer to one question. An answer that is missing, or that could not be read as one of the question's
 * type, is wrong. Throws a `UserError` that names a question whose own answer makes no sense.
 */
export function scoreItem(
  item: ItemRecord,
  answer: AnswerRecord | undefined,
  options: JudgeOptions = {},
): ItemScore {
  const parsed = answer?.parsed ?? null;
  const verdict = judged(item, parsed, options);
  const readable = parsed?.type === item.answerType;
  const said = readable ? (verdict.correct ? "right" : "wrong") : "unparsable";
  return { id: item.id, task: item.task, outcome: answer === undefined ? "unanswered" : said, ...verdict };
}

function judged(item: ItemRecord, parsed: AnswerRecord["parsed"], options: JudgeOptions): Verdict {
  try {
    return judge(item, parsed, options);
  } catch (cause) {
    if (cause instanceof UserError) throw new UserError(`item ${item.id}: ${cause.message}`, { cause });
    throw cause;
  }
}
