/** A case: the files of a sound seed with one of them damaged. The same reader, seed and number make the same case. */
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { type Random, random } from "../src/common/random.ts";
import { damageContent } from "./damage/content.ts";
import { OUTSIDE } from "./damage/hostile.ts";
import type { Files, Seed } from "./reader.ts";

/** What stands in a folder under a name. */
type Entry =
  | Uint8Array
  | { readonly kind: "folder" | "pipe" }
  | { readonly kind: "link"; readonly to: string };

export interface Case {
  readonly entries: Readonly<Record<string, Entry>>;
  /** What was done, in words. */
  readonly what: string;
}

/** Case `number` of a reader under a seed. */
export function makeCase(reader: string, seeds: readonly Seed[], seed: number, number: number): Case {
  const source = random("fuzz", seed, reader, number);
  const chosen = source.pick(seeds);
  const names = Object.keys(chosen.files).filter((name) => !chosen.kept?.includes(name));
  const name = source.pick(names);
  if (source.integer(16) === 0) return replaced(source, chosen.files, name);
  const other = source.pick(alike(seeds, name));
  const { bytes, what } = damageContent(source, name, chosen.files[name], other);
  return { entries: { ...chosen.files, [name]: bytes }, what: `${name}: ${what}` };
}

/** Contents of all seeds that may be spliced with a file of this name. */
function alike(seeds: readonly Seed[], name: string): readonly Uint8Array[] {
  const end = extname(name);
  return seeds.flatMap(({ files }) =>
    Object.entries(files).flatMap(([other, bytes]) => (extname(other) === end ? [bytes] : [])),
  );
}

/** Something else where the file was. */
function replaced(source: Random, files: Files, name: string): Case {
  const others = Object.keys(files).filter((other) => other !== name);
  const [what, entry] = source.pick<() => readonly [string, Entry | undefined]>([
    () => ["is missing", undefined],
    () => ["is missing", undefined],
    () => ["is empty", new Uint8Array()],
    () => ["is a folder", { kind: "folder" }],
    () => ["is a pipe", { kind: "pipe" }],
    () => ["links to itself", { kind: "link", to: name.split("/").at(-1) as string }],
    () => ["links to nowhere", { kind: "link", to: "nowhere" }],
    () => ["links to an endless device", { kind: "link", to: "/dev/zero" }],
    () => swapped(files, source.pick(others)),
  ])();
  const { [name]: _, ...rest } = files;
  return { entries: entry === undefined ? rest : { ...rest, [name]: entry }, what: `${name}: ${what}` };
}

function swapped(files: Files, other: string | undefined): readonly [string, Entry | undefined] {
  return other === undefined ? ["is missing", undefined] : [`is what ${other} is`, files[other]];
}

/** Writes a case into an empty folder; `outside` is the folder that no reader may open. */
export function writeCase({ entries }: Case, folder: string, outside: string): void {
  for (const [name, entry] of Object.entries(entries)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    if (entry instanceof Uint8Array) writeFileSync(path, named(entry, outside));
    else if (entry.kind === "folder") mkdirSync(path);
    else if (entry.kind === "link") symlinkSync(entry.to, path);
    else execFileSync("mkfifo", [path]);
  }
}

const mark = Buffer.from(OUTSIDE);

/** The content with the true path in the place of its mark. */
function named(bytes: Uint8Array, outside: string): Uint8Array {
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (!content.includes(mark)) return content;
  return Buffer.from(content.toString("latin1").replaceAll(OUTSIDE, outside), "latin1");
}
