import { basename } from "node:path";
import { z } from "zod";
import { mustBe } from "../../common/errors.ts";
import { parseJson } from "../../common/json.ts";
import { jsonRows, readText } from "../tables/lines.ts";
import type { Placed } from "../tables/placed.ts";
import { countUnread } from "./rows.ts";
import type { Tally } from "./tally.ts";

/**
 * A JSON file whole, as COCO's are; throws a `UserError` unless it is an object that has `keys`, each a list.
 */
export async function readJson<K extends string>(
  path: string,
  keys: readonly K[],
): Promise<Record<K, unknown[]>> {
  const value = parseJson(await readText(path), path);
  const parsed = z
    .object(Object.fromEntries(keys.map((key) => [key, z.array(z.unknown())])))
    .safeParse(value);
  if (parsed.success) return parsed.data as Record<K, unknown[]>;
  throw mustBe(path, "content", `an object with the lists ${keys.join(", ")}`, namesOf(value));
}

/** The items of a list, with their place in the file. */
export function* placed(values: readonly unknown[], path: string, list: string): Generator<Placed> {
  for (const [i, value] of values.entries()) yield { place: `${basename(path)}, ${list}[${i}]`, value };
}

/** {@link jsonRows} of a file; a line that is no JSON is counted as bad. */
export function readJsonRows(path: string, tally: Tally): AsyncGenerator<Placed> {
  return jsonRows(path, countUnread(tally));
}

function namesOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return typeof value;
  return Array.isArray(value) ? "a list" : `{${Object.keys(value).slice(0, 8).join(", ")}}`;
}
