/** Reads run folders from the disk. */
import { UserError } from "../../common/errors.ts";
import { pathInside, readRegular } from "../../common/inside.ts";
import { parseRun, type RunFolder } from "./run-files.ts";

export type { RunFolder };

/** Reads a run folder; every mistake is a `UserError`, see {@link parseRun}. */
export async function readRunFolder(folder: string): Promise<RunFolder> {
  // One after the other: of several files that are missing, the same one is always named.
  const run = await readText(folder, "run.json");
  const items = await readText(folder, "items.jsonl");
  return parseRun(folder, { run, items, answers: await readText(folder, "answers.jsonl") });
}

/** Only files of the folder itself: a link in a stranger's run would put another file's lines onto a page. */
async function readText(folder: string, name: string): Promise<string> {
  try {
    return `${await readRegular(await pathInside(folder, name, name), name, MOST_TEXT)}`;
  } catch (cause) {
    throw new UserError(`run folder ${folder}: ${name} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** The longest text that there can be, in bytes. */
const MOST_TEXT = 2 ** 29 - 24;
