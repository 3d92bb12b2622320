/** Files of one JSON object a line that a run appends to, and reads again when it goes on. */
import { type FileHandle, open, truncate } from "node:fs/promises";
import { UserError } from "../../common/errors.ts";
import { writeFault } from "../../common/faults.ts";
import { bytesIfThere } from "../../common/inside.ts";

export interface LineFile {
  /** Appends lines, none to make the file; resolves when they are with the system. Throws a `UserError` where they cannot be. */
  append(...values: readonly object[]): Promise<void>;
  /** Flushes to the disk. */
  close(): Promise<void>;
}

/** Lines that a loss of power may cost; a crash of the process costs none. */
const syncEvery = 16;

/** The file is made when it is first appended to. */
export function lineFile(path: string): LineFile {
  let file: FileHandle | undefined;
  let last = Promise.resolve();
  let unsynced = 0;
  const write = async (values: readonly object[]) => {
    try {
      file ??= await open(path, "a");
      if ((await file.stat()).nlink === 0) throw new Error("it was taken away while the run was under way");
      await file.appendFile(values.map((value) => `${JSON.stringify(value)}\n`).join(""));
      unsynced += values.length;
      if (unsynced < syncEvery) return;
      unsynced = 0;
      await file.datasync();
    } catch (cause) {
      const fault = writeFault(path, cause);
      if (fault instanceof UserError) throw fault;
      throw new UserError(`${path} cannot be written: ${(cause as Error).message}`, { cause });
    }
  };
  return {
    append(...values) {
      // After a failure every later one fails too: nothing is written behind half a line.
      last = last.then(() => write(values));
      return last;
    },
    async close() {
      await last.catch(() => {}); // Whoever appended has seen it.
      await file?.sync().finally(() => file?.close());
    },
  };
}

/**
 * The whole lines of a file that are not empty, with their places for messages; none where there is no file. Half a last
 * line, left by a crash, is cut off.
 */
export async function wholeLines(path: string): Promise<{ readonly text: string; readonly place: string }[]> {
  const bytes = (await bytesIfThere(path)) ?? Buffer.alloc(0);
  const whole = bytes.lastIndexOf(10) + 1;
  if (whole < bytes.length) await truncate(path, whole);
  const lines = bytes.subarray(0, whole).toString("utf8").split("\n");
  return lines
    .map((text, i) => ({ text, place: `${path}, line ${i + 1}` }))
    .filter(({ text }) => text.trim() !== "");
}
