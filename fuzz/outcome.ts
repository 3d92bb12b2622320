/** What became of a case. */
import { UserError } from "../src/common/errors.ts";
import type { Reader } from "./reader.ts";

export type OutcomeKind = "read" | "refused" | "fault";

export interface Outcome {
  readonly kind: OutcomeKind;
  /** Of a fault its short name, then what is known of it; of a refusal its message. */
  readonly text: string;
}

/** Characters of a line, and lines: a refusal that is longer is none that anybody reads. */
const [LONGEST, MOST] = [4000, 60];

/** Judges what a reader threw. */
export function outcomeOf(error: unknown, reader: Pick<Reader, "refusal" | "lines">): Outcome {
  const { refusal = userRefusal } = reader;
  const text = refusal(error);
  if (text === undefined) return { kind: "fault", text: described(error) };
  if (!reader.lines && /[\n\r\u2028\u2029]/.test(text))
    return { kind: "fault", text: `more than one line: ${text}` };
  const lines = text.split("\n");
  if (lines.length > MOST || lines.some((line) => line.length > LONGEST))
    return { kind: "fault", text: `a refusal of ${text.length} characters: ${text.slice(0, 300)}` };
  return { kind: "refused", text };
}

const userRefusal = (error: unknown) => (error instanceof UserError ? error.message : undefined);

/** Name, message and the first of our own lines in the stack, which tells faults apart. */
function described(error: unknown): string {
  if (!(error instanceof Error)) return `threw ${String(error).slice(0, 200)}`;
  return `${error.name}: ${error.message.slice(0, 400)}\n${error.stack ?? ""}`.slice(0, 4000);
}

/** One line by which faults of one kind are counted together: what happened and where. */
export function kindOfFault(text: string): string {
  const [first] = text.split("\n");
  const at = /\/(src\/[\w/.-]+\.ts):\d+/.exec(text)?.[1];
  const plain = first.replaceAll(/\d+/g, "N").replaceAll(/"[^"]*"|'[^']*'/g, '"..."');
  return `${plain.slice(0, 120)}${at === undefined ? "" : ` (${at})`}`;
}
