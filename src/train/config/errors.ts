import type { z } from "zod";
import { UserError } from "../../common/errors.ts";

type Issue = z.core.$ZodIssue;

/** One error for everything that zod found wrong with a config, a line each with its path. */
export function configError(
  source: string,
  issues: readonly Issue[],
  input: unknown,
  known: KeysAt,
): UserError {
  const lines = issues.flatMap((issue) => explain(issue, input, known));
  return new UserError(lines.map((line) => `${source}: ${line}`));
}

/** The keys that may stand at a path of the config. */
export type KeysAt = (path: readonly PropertyKey[]) => readonly string[];

function explain(issue: Issue, input: unknown, known: KeysAt): string[] {
  if (issue.code === "unrecognized_keys")
    return issue.keys.map(
      (key) => `${dotted([...issue.path, key])} is unknown; ${hint(key, known(issue.path))}`,
    );
  const got = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown>)?.[key], input);
  return [`${dotted(issue.path)}: ${lowerFirst(issue.message)}, got ${JSON.stringify(got) ?? "nothing"}`];
}

const dotted = (path: readonly PropertyKey[]) => path.map(String).join(".") || "the config";
const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);

function hint(key: string, known: readonly string[]): string {
  const near = known.map((k) => ({ k, d: distance(key.toLowerCase(), k.toLowerCase()) }));
  const best = near.filter(({ d }) => d <= Math.max(2, key.length / 3)).sort((a, b) => a.d - b.d)[0];
  return best === undefined ? `known here: ${known.join(", ")}` : `did you mean ${best.k}?`;
}

/** Edits (insert, delete, replace) from one word to another (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length];
}
