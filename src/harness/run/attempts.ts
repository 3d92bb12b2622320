/**
 * What a run may have been billed for, kept in its folder as `attempts.jsonl`: a line before a question is sent, with the
 * most that it can be, and one when it has come to an end, with what it was. A line without an end counts whole: nobody
 * knows what became of a request that was under way when the process was killed.
 */
import { z } from "zod";
import { UserError } from "../../common/errors.ts";
import { lineFile, wholeLines } from "./lines.ts";

export interface Tokens {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** Tokens that count, and whether they are an upper estimate, since the server did not report them. */
export interface Counted extends Tokens {
  readonly estimated?: boolean;
}

export interface AttemptLog {
  /** What was asked before: by the item's id, what each of its attempts counts. */
  readonly before: ReadonlyMap<string, readonly Counted[]>;
  /** Before a question is sent: the most that it can be. Resolves to the number of the attempt. */
  begin(id: string, most: Tokens): Promise<number>;
  /** What it was. */
  end(attempt: number, counted: Counted): Promise<void>;
  close(): Promise<void>;
}

const count = z.number().min(0);
const tokens = { n: z.int().min(0), inputTokens: count, outputTokens: count };
const lineSchema = z.union([
  z.strictObject({ ...tokens, id: z.string() }),
  z.strictObject({ ...tokens, estimated: z.boolean().optional() }),
]);

/** Reads the log of a run folder, and goes on with it. Throws a `UserError` for a line that is no attempt. */
export async function openAttempts(path: string): Promise<AttemptLog> {
  const { before, next } = read(await wholeLines(path));
  const file = lineFile(path);
  let n = next;
  return {
    before,
    async begin(id, { inputTokens, outputTokens }) {
      const attempt = n++;
      await file.append({ n: attempt, id, inputTokens, outputTokens });
      return attempt;
    },
    end: (attempt, { inputTokens, outputTokens, estimated }) =>
      file.append({ n: attempt, inputTokens, outputTokens, ...(estimated && { estimated }) }),
    close: file.close,
  };
}

type Line = z.infer<typeof lineSchema>;

function read(lines: readonly { readonly text: string; readonly place: string }[]) {
  const [ids, counted] = [new Map<number, string>(), new Map<number, Counted>()];
  for (const { text, place } of lines) {
    const { n, ...line } = lineOf(text, place);
    if ("id" in line) ids.set(n, line.id);
    const { inputTokens, outputTokens } = line;
    const estimated = "id" in line || line.estimated === true;
    counted.set(n, { inputTokens, outputTokens, ...(estimated && { estimated }) });
  }
  const before = new Map<string, Counted[]>();
  for (const [n, id] of ids) {
    const known = before.get(id) ?? [];
    known.push(counted.get(n) as Counted);
    before.set(id, known);
  }
  const next = [...counted.keys()].reduce((most, n) => Math.max(most, n + 1), 0);
  return { before, next };
}

function lineOf(text: string, place: string): Line {
  try {
    return lineSchema.parse(JSON.parse(text));
  } catch {
    throw new UserError(
      `${place}: must be an attempt with n, inputTokens and outputTokens, as eval writes it`,
    );
  }
}
