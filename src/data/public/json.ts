import { createReadStream } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { basename } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { mustBe, UserError } from "../../common/errors.ts";
import { parseJson } from "../../common/json.ts";
import type { Placed } from "./rows.ts";
import type { Tally } from "./tally.ts";

/**
 * A JSON file whole, as COCO's are; throws a `UserError` unless it is an object that has `keys`, each a list.
 */
export async function readJson<K extends string>(
  path: string,
  keys: readonly K[],
): Promise<Record<K, unknown[]>> {
  const value = parse(await readText(path), path);
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

/**
 * The rows of a JSON file that is a list or has one object a line, whatever its name ends in; lines are read
 * one by one. A line that is no JSON is counted as bad.
 */
export async function* readJsonRows(path: string, tally: Tally): AsyncGenerator<Placed> {
  if (await isList(path)) {
    const list = parse(await readText(path), path) as unknown[];
    for (const [i, value] of list.entries()) yield { place: `${basename(path)}, row ${i + 1}`, value };
    return;
  }
  const lines = createInterface({
    input: createReadStream(path, "utf8"),
    crlfDelay: Number.POSITIVE_INFINITY,
  });
  let number = 0;
  for await (const line of lines) {
    const place = `${basename(path)}, line ${++number}`;
    if (line.trim() === "") continue;
    try {
      yield { place, value: JSON.parse(line) };
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      tally.bad(place, `must be JSON: ${error.message}`);
    }
  }
}

/** Whether the first character of a file opens a list. */
async function isList(path: string): Promise<boolean> {
  const file = await open(path).catch((cause) => {
    throw new UserError(`${path} cannot be read: ${cause.message}`, { cause });
  });
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(256), 0, 256, 0);
    return /^\ufeff?\s*\[/.test(buffer.toString("utf8", 0, bytesRead));
  } finally {
    await file.close();
  }
}

async function readText(path: string): Promise<string> {
  return readFile(path, "utf8").catch((cause) => {
    throw new UserError(`${path} cannot be read: ${cause.message}`, { cause });
  });
}

function parse(text: string, path: string): unknown {
  return parseJson(text.replace(/^\ufeff/, ""), path);
}

function namesOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return typeof value;
  return Array.isArray(value) ? "a list" : `{${Object.keys(value).slice(0, 8).join(", ")}}`;
}
