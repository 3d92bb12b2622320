/** Reads one case in this process, and judges what became of it. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { type Case, writeCase } from "./case.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import type { Reader } from "./reader.ts";
import { openSandbox } from "./sandbox.ts";

/** A function that reads cases in a folder of its own, one after the other. */
export function caseRunner(reader: Reader, folder: string): (made: Case) => Promise<Outcome> {
  const sandbox = openSandbox(folder);
  const [place, out] = [join(folder, "case"), join(folder, "out")];
  return async (made) => {
    for (const path of [place, out]) {
      rmSync(path, { recursive: true, force: true });
      mkdirSync(path);
    }
    writeCase(made, place, sandbox.outside);
    const outcome = await read(reader, place, out);
    await turn();
    const [seen, wrote] = [sandbox.readOutside(), sandbox.written()];
    if (seen.length > 0) return { kind: "fault", text: `reads outside its folder: ${seen.join(", ")}` };
    if (wrote.length > 0) return { kind: "fault", text: `writes outside its folder: ${wrote.join(", ")}` };
    return outcome;
  };
}

async function read(reader: Reader, folder: string, out: string): Promise<Outcome> {
  try {
    await reader.read({ folder, out });
    return { kind: "read", text: "" };
  } catch (error) {
    return outcomeOf(error, reader);
  }
}

/** Why the seeds of a reader cannot be damaged: they are not read as they are. Undefined where they are. */
export async function brokenSeed(
  reader: Reader,
  run: (made: Case) => Promise<Outcome>,
): Promise<string | undefined> {
  for (const [i, { files }] of (await reader.seeds()).entries()) {
    const { kind, text } = await run({ entries: files, what: "" });
    if (kind !== "read") return `seed ${i} (${Object.keys(files).join(", ")}) must be read, got: ${text}`;
  }
  return undefined;
}
