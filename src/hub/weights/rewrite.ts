/** A model folder written again with some of its tensors changed, one tensor in memory at a time. */
import { createReadStream } from "node:fs";
import { copyFile, readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { UserError } from "../../common/errors.ts";
import { writeFolderWhole } from "../../common/files.ts";
import { pathInside, readRegular } from "../../common/inside.ts";
import { longestPointer, refuseLfsPointer } from "../../common/lfs.ts";
import type { HostArray } from "../../engine/host.ts";
import { openCheckpoint } from "./checkpoint.ts";
import { type Checkpoint, mustBeFinite, openSafetensors, type TensorEntry } from "./safetensors.ts";
import { writeTensorFile } from "./safetensors-write.ts";
import { encodeFloats, isFloatType } from "./tensor-stream.ts";

/** New values [same shape] of a tensor, or undefined where it stays. */
export type TensorChange = (name: string) => ((values: HostArray) => HostArray<"float32">) | undefined;

/**
 * Writes `out` whole or not at all: the settings and tokenizer of `folder`, and its weights in the same files, names
 * and element types. `also` may add files; `onProgress` is told of the bytes of tensors. Throws a UserError for a folder that is no checkpoint, or a filled `out`.
 */
export async function rewriteModelFolder(
  folder: string,
  out: string,
  change: TensorChange,
  also: (temporary: string) => Promise<void> = async () => {},
  onProgress: (done: number, total: number) => void = () => {},
): Promise<void> {
  const { tensors } = await openCheckpoint(folder);
  const files = [...new Set([...tensors.values()].map(({ file }) => file))];
  const total = [...tensors.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  let done = 0;
  const onTensor = ({ byteLength }: TensorEntry) => {
    done += byteLength;
    onProgress(done, total);
  };
  await writeFolderWhole(out, async (temporary) => {
    for (const name of await filesBesideWeights(folder)) {
      const path = await pathInside(folder, name, join(folder, name));
      await refusePointer(path);
      await copyFile(path, join(temporary, name));
    }
    for (const file of files) {
      const source = await openSafetensors(file);
      const entries = [...source.tensors.values()].sort((a, b) => a.byteOffset - b.byteOffset);
      const path = join(temporary, basename(file));
      await writeTensorFile(path, entries, contents(source, entries, change, onTensor), source.metadata);
    }
    await also(temporary);
  });
}

/** Throws a UserError for a small file that is a Git LFS pointer. */
async function refusePointer(path: string): Promise<void> {
  const { size } = await stat(path);
  if (size <= longestPointer) refuseLfsPointer(path, await readRegular(path));
}

/** Settings, tokenizer and licence: what a model made of `folder` has too. Not its card, nor the state of a run. */
export async function filesBesideWeights(folder: string): Promise<string[]> {
  const wanted = (name: string) => /^[^.].*\.(json|txt|jinja|model)$/.test(name) || isLicence(name);
  const names = (await readdir(folder, { withFileTypes: true })).filter((entry) => !entry.isDirectory());
  return names.map(({ name }) => name).filter((name) => wanted(name) && name !== "fovea-state.json");
}

/** Whether a file says what may be done with the others. */
export function isLicence(name: string): boolean {
  return /^(licen[cs]e|notice|copying|use_policy)([._-]|$)/i.test(name);
}

async function* contents(
  source: Checkpoint,
  entries: readonly TensorEntry[],
  change: TensorChange,
  onTensor: (entry: TensorEntry) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (const entry of entries) {
    const changed = change(entry.name);
    if (changed !== undefined) {
      const values = await source.read(entry.name);
      mustBeFinite(entry.file, entry.name, values);
      yield encode(entry, changed(values));
    } else if (entry.byteLength > 0) yield* bytesOf(entry);
    onTensor(entry);
  }
}

function bytesOf({ file, byteOffset, byteLength }: TensorEntry): AsyncIterable<Uint8Array> {
  return createReadStream(file, {
    start: byteOffset,
    end: byteOffset + byteLength - 1,
    highWaterMark: 1 << 20,
  });
}

/** Values in the tensor's own element type, rounded to nearest. */
function encode({ file, name, dtype }: TensorEntry, { data }: HostArray<"float32">): Uint8Array {
  const what = `${file}: tensor ${name}`;
  if (!isFloatType(dtype)) throw new UserError(`${what}: expected a floating type, found ${dtype}`);
  return encodeFloats(what, dtype, data);
}
