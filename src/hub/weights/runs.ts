/** Neighbours in a file, read together: over a network each reading is a request. */
import type { HostArray } from "../../engine/host.ts";
import type { Checkpoint, TensorEntry } from "./safetensors.ts";
import { decodeValues } from "./values.ts";

/** Tensors with the names that are wanted. */
type Named = readonly [name: string, entry: TensorEntry];

/** Bytes that are read at once; a larger tensor is read alone. */
const most = 2 ** 25;
/** Bytes between two tensors that are read along with them. */
const widest = 2 ** 16;

/** All tensors in runs of neighbours, in the order of their files. */
export function runsOf(entries: ReadonlyMap<string, TensorEntry>): Named[][] {
  const inOrder = [...entries].sort(([, a], [, b]) =>
    a.file === b.file ? a.byteOffset - b.byteOffset : a.file < b.file ? -1 : 1,
  );
  const runs: Named[][] = [];
  for (const next of inOrder) {
    const run = runs.at(-1);
    if (run !== undefined && joins(run, next)) run.push(next);
    else runs.push([next]);
  }
  return runs;
}

function joins(run: readonly Named[], [, next]: Named): boolean {
  const [, first] = run[0];
  const [, last] = run[run.length - 1];
  const isNear = next.file === last.file && next.byteOffset - endOf(last) <= widest;
  return isNear && endOf(next) - first.byteOffset <= most;
}

const endOf = ({ byteOffset, byteLength }: TensorEntry) => byteOffset + byteLength;

/** The values of a run's tensors, from one reading. */
export async function* readRun(
  source: Checkpoint,
  run: readonly Named[],
): AsyncGenerator<readonly [string, HostArray]> {
  const [, first] = run[0];
  const end = Math.max(...run.map(([, entry]) => endOf(entry)));
  const bytes = await source.bytes(first, { offset: 0, length: end - first.byteOffset });
  for (const [name, { file, name: stored, dtype, shape, byteOffset, byteLength }] of run) {
    const at = byteOffset - first.byteOffset;
    yield [name, decodeValues(`${file}: tensor ${stored}`, dtype, shape, bytes.slice(at, at + byteLength))];
  }
}
