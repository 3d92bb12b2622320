/**
 * Programs on the disk, as ONNX Runtime has optimised them: a second start skips its optimisers, which are most of the work
 * of making a session. An entry's name is a hash of all that decides what is in it (the program itself, byte for byte, and
 * what optimises it), so none is ever out of date. ONNX Runtime's own format keeps the numbers of nodes, and with them the
 * order in which they run.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { readdir, readFile, rm, stat, utimes } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import type { InferenceSession } from "onnxruntime-node";
import { makeFolder, writeFileWhole } from "../../common/files.ts";
import { sweep, temporaryName } from "../../common/temporary.ts";

type Options = InferenceSession.SessionOptions;
type Create = (bytes: Uint8Array, options: Options) => Promise<InferenceSession>;

/** A session, and whether what it runs was on the disk. */
export interface Opened {
  readonly session: InferenceSession;
  readonly wasKept: boolean;
}

/** Bytes of a program: smaller ones load in no time, larger ones have weights in them. */
const sizes = { least: 2 ** 15, most: 2 ** 23 };

/** Bytes of an entry: what is folded is in it. */
const largestEntry = 2 ** 25;

/** Bytes of all entries together; beyond, those go that were used last longest ago. */
export const KEPT_BYTES = 2 ** 28;

/** `version`: of ONNX Runtime. Whatever is wrong with the disk only means that nothing is kept. */
export async function openKept(
  create: Create,
  bytes: Uint8Array,
  options: Options,
  { folder, version }: { readonly folder: string; readonly version: string },
): Promise<Opened> {
  const isFit = bytes.length >= sizes.least && bytes.length <= sizes.most;
  if (!isFit || options.optimizedModelFilePath !== undefined)
    return { session: await create(bytes, options), wasKept: false };
  const path = join(folder, `${keyOf(bytes, options, version)}.ort`);
  const kept = await openEntry(create, path, options);
  if (kept !== undefined) return { session: kept, wasKept: true };
  return { session: await openAndKeep(create, bytes, options, path), wasKept: false };
}

/** The form of entries: another one is another key. */
const form = 1;

function keyOf(bytes: Uint8Array, options: Options, version: string): string {
  const facts = JSON.stringify([form, version, processor(), options]);
  return createHash("sha256").update(facts).update("\n").update(bytes).digest("hex").slice(0, 40);
}

let known: string | undefined;

/** What optimisers look at: they lay out operands for the widest arithmetic that there is. */
function processor(): string {
  known ??= `${process.platform} ${process.arch} ${cpus()[0]?.model} ${features()}`;
  return known;
}

function features(): string {
  try {
    return /^(flags|Features)\s*:.*$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[0] ?? "";
  } catch {
    return "";
  }
}

/** Undefined where there is no entry, or a damaged one, or one that ONNX Runtime does not take. */
async function openEntry(
  create: Create,
  path: string,
  options: Options,
): Promise<InferenceSession | undefined> {
  try {
    const program = checked(await readFile(path));
    if (program === undefined) return undefined;
    const session = await create(program, inFormat(options, "load_model_format"));
    const now = new Date();
    await utimes(path, now, now).catch(() => {});
    return session;
  } catch {
    return undefined;
  }
}

/** Has ONNX Runtime write what it has optimised, in the same go. */
async function openAndKeep(
  create: Create,
  bytes: Uint8Array,
  options: Options,
  path: string,
): Promise<InferenceSession> {
  const written = temporaryName(path);
  try {
    await makeFolder(join(path, ".."));
    const saving = { ...inFormat(options, "save_model_format"), optimizedModelFilePath: written };
    const session = await create(bytes, saving);
    await keep(written, path).catch(() => {});
    return session;
  } catch {
    return await create(bytes, options); // Without keeping; what is wrong with the program itself is said here.
  } finally {
    await rm(written, { force: true }).catch(() => {});
  }
}

function inFormat(options: Options, key: "load_model_format" | "save_model_format"): Options {
  return { ...options, extra: withSessionEntries(options, { [key]: "ORT" }) };
}

/** `extra` of session options with further entries of their session. */
export function withSessionEntries({ extra }: Options, entries: Readonly<Record<string, string>>) {
  return { ...extra, session: { ...(extra?.session as object), ...entries } };
}

async function keep(written: string, path: string): Promise<void> {
  const program = await readFile(written);
  if (program.length > largestEntry) return;
  await writeFileWhole(path, Buffer.concat([hashOf(program), program]));
  await shrink(join(path, ".."));
}

const hashOf = (program: Uint8Array) => createHash("sha256").update(program).digest();

/** An entry starts with the hash of what follows. */
function checked(entry: Buffer): Uint8Array | undefined {
  const program = entry.subarray(32);
  return hashOf(program).equals(entry.subarray(0, 32)) ? program : undefined;
}

/** Other processes may do the same meanwhile: what is gone is gone, and what is open stays readable. */
async function shrink(folder: string): Promise<void> {
  await sweep(folder); // What a process left that was ended while ONNX Runtime wrote.
  const names = (await readdir(folder)).filter((name) => name.endsWith(".ort"));
  const entries = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      const facts = await stat(path).catch(() => undefined);
      return { path, size: facts?.size ?? 0, used: facts?.mtimeMs ?? 0 };
    }),
  );
  let bytes = 0;
  for (const { path, size } of entries.sort((a, b) => b.used - a.used)) {
    bytes += size;
    if (bytes > KEPT_BYTES) await rm(path, { force: true });
  }
}
