/** Writing safetensors files, whole or not at all: from arrays in memory, or tensor after tensor. Reading: safetensors.ts. */
import { writeFileWhole } from "../../common/files.ts";
import type { HostArray } from "../../engine/host.ts";
import {
  encodeHeader,
  planTensors,
  type TensorHeader,
  tensorBytes,
  type WriteOptions,
} from "./safetensors-encode.ts";

/**
 * Writes a `.safetensors` file, whole or not at all. The same tensors always give the same bytes: widest
 * element type first (so that each tensor is aligned), then by name; the header is padded to 8 bytes.
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, HostArray>,
  { dtype = "F32", metadata = { format: "pt" } }: WriteOptions = {},
): Promise<void> {
  const planned = planTensors(path, tensors, dtype);
  await writeTensorFile(path, planned, tensorBytes(path, planned), metadata);
}

/** Writes tensors whose bytes come one tensor after the other, in the order of `headers`. */
export async function writeTensorFile(
  path: string,
  headers: readonly TensorHeader[],
  contents: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  async function* all() {
    yield encodeHeader(headers, metadata);
    yield* contents;
  }
  await writeFileWhole(path, all());
}
