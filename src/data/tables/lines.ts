import { basename } from "node:path";
import { UserError } from "../../common/errors.ts";
import { openRegular, readRegular } from "../../common/inside.ts";
import { parseJson } from "../../common/json.ts";
import type { Placed, Unread } from "./placed.ts";

/** A text file whole, without the byte order mark that some editors put before it. */
export async function readText(path: string): Promise<string> {
  return withoutMark(`${await readRegular(path, path, MOST_TEXT).catch((cause) => unreadable(path, cause))}`);
}

function unreadable(path: string, cause: Error): never {
  const said = cause.message.startsWith(`${path}: `) ? cause.message.slice(path.length + 2) : cause.message;
  throw new UserError(`${path} cannot be read: ${said}`, { cause });
}

/** The longest text that there can be, in bytes. */
const MOST_TEXT = 2 ** 29 - 24;

/**
 * The lines of a text file, one by one, numbered from 1: without their ends (LF or CRLF) and without a byte order mark.
 * Other signs that Unicode calls line ends may stand in JSON and end no line.
 */
export async function* linesOf(path: string): AsyncGenerator<readonly [line: string, number: number]> {
  let number = 0;
  const parts: string[] = []; // Of the line that has no end yet: joined once, however long it is.
  const whole = (last: string): readonly [line: string, number: number] => {
    const line = [...parts.splice(0), last].join("");
    return [cleaned(line, number === 0), ++number];
  };
  const file = await openRegular(path).catch((cause) => unreadable(path, cause));
  try {
    for await (const chunk of file.createReadStream({ encoding: "utf8" })) {
      const lines = (chunk as string).split("\n");
      const last = lines.pop() ?? "";
      for (const line of lines) yield whole(line);
      parts.push(last);
    }
    if (parts.some((part) => part !== "")) yield whole("");
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    unreadable(path, cause as Error);
  } finally {
    await file.close();
  }
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
    return parseJson(line, place);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    onBad({ place, problem: error.message.slice(place.length + 2) });
    return undefined;
  }
}

/** Whether the first character of a file opens a list. */
async function isList(path: string): Promise<boolean> {
  const file = await openRegular(path).catch((cause) => unreadable(path, cause));
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(256), 0, 256, 0);
    return /^\ufeff?\s*\[/.test(buffer.toString("utf8", 0, bytesRead));
  } finally {
    await file.close();
  }
}
