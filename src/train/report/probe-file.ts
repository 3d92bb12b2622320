/** `probes.jsonl` on a disk: begun, gone on with, added to. Its form: probe-lines.ts. */
import { writing } from "../../common/faults.ts";
import { writeFileWhole } from "../../common/files.ts";
import { readIfThere } from "../../common/inside.ts";
import { append } from "./append.ts";
import { type MapsLine, type PicturesLine, type ProbeLine, readProbeLine } from "./probe-lines.ts";

export interface ProbeWriter {
  write(line: MapsLine): Promise<void>;
}

/** Begins the file with its pictures; of a run that goes on, the maps up to `afterStep` stay. */
export async function openProbeFile(
  path: string,
  pictures: PicturesLine,
  afterStep: number,
): Promise<ProbeWriter> {
  const kept = afterStep === 0 ? [] : (await readProbes(path)).filter((line) => isBefore(line, afterStep));
  await writeFileWhole(path, [pictures, ...kept].map(toText).join(""));
  return { write: (line) => writing(path, append(path, toText(line))) };
}

/** All whole lines; what is cut short or is no line of a run is left out. */
export async function readProbes(path: string): Promise<ProbeLine[]> {
  const text = (await readIfThere(path)) ?? "";
  return text
    .split("\n")
    .slice(0, -1)
    .flatMap((line) => readProbeLine(line) ?? []);
}

const isBefore = (line: ProbeLine, step: number) => line.kind === "maps" && line.step <= step;
const toText = (line: ProbeLine) => `${JSON.stringify(line)}\n`;
