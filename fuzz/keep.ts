/** Faults on the disk: the files that were read and how to read them again. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { makeCase, writeCase } from "./case.ts";
import type { Report } from "./child.ts";
import type { Reader } from "./reader.ts";

export interface Fault extends Report {
  readonly reader: string;
  readonly seed: number;
}

export async function keepFault(
  out: string,
  { reader, seed, number, text }: Fault,
  { seeds }: Reader,
): Promise<void> {
  const folder = resolve(out, `${reader}-${seed}-${number}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, "files"), { recursive: true });
  const made = makeCase(reader, await seeds(), seed, number);
  writeCase(made, join(folder, "files"), "/outside");
  const command = `npm run fuzz -- --reader ${reader} --seed ${seed} --case ${number}`;
  await writeFile(join(folder, "fault.txt"), `${command}\n${made.what}\n\n${text}\n`);
}
