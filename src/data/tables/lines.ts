import { createReadStream } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { basename } from "node:path";
import { UserError } from "../../common/errors.ts";
import { parseJson } from "../../common/json.ts";
import type { Placed, Unread } from "./placed.ts";

/** A text file whole, without the byte order mark that some editors put before it. */
export async function readText(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch((cause) => {
    throw new UserError(`${path} cannot be read: ${cause.message}`, { cause });
  });
  return withoutMark(text);
}

/**
 * The lines of a text file, one by one, numbered from 1: without their ends (LF or CRLF) and without a byte order mark.
 * Other signs that Unicode calls line ends may stand in JSON and end no line.
 */
export async function* linesOf(path: string): AsyncGenerator<readonly [line: string, number: number]> {
  let [rest, number] = ["", 0];
  try {
    for await (const chunk of createReadStream(path, "utf8")) {
      const lines = (rest + (chunk as string)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) yield [cleaned(line, number === 0), ++number];
    }
  } catch (cause) {
    throw new UserError(`${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
  if (rest !== "") yield [cleaned(rest, number === 0), ++number];
}

function cleaned(line: string, isFirst: boolean): string {
  return (isFirst ? withoutMark(line) : line).replace(/\r$/, "");
}

function withoutMark(text: string): string {
  return text.replace(/^\ufeff/, "");
}

/**
 * The rows of a JSON file that is a list or has one object a line, whatever its name ends in; lines are read one by
 * one. A line that is no JSON is given to `onBad`.
 */
export async function* jsonRows(path: string, onBad: (unread: Unread) => void): AsyncGenerator<Placed> {
  if (await isList(path)) {
    const list = parseJson(await readText(path), path) as unknown[];
    for (const [i, value] of list.entries()) yield { place: `${basename(path)}, row ${i + 1}`, value };
    return;
  }
  for await (const [line, number] of linesOf(path)) {
    if (line.trim() === "") continue;
    const place = `${basename(path)}, line ${number}`;
    const value = parsed(line, place, onBad);
    if (value !== undefined) yield { place, value };
  }
}

function parsed(line: string, place: string, onBad: (unread: Unread) => void): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    onBad({ place, problem: `must be JSON: ${error.message}` });
    return undefined;
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
