/**
 * The weights of a Hugging Face folder, in one file or in shards, and their fit to what a model wants.
 *
 *     openCheckpoint(folder | source)    -> Checkpoint (see safetensors.ts)
 *     matchTensors(checkpoint, wanted)   -> Map wanted name -> entry; one error for all that does not fit
 *     loadTensors(checkpoint, wanted)    -> the same, with float32 values
 */
import { sourceOf } from "#source";
import { UserError } from "../../common/errors.ts";
import type { HostArray } from "../../engine/host.ts";
import type { GivenSource } from "../source/given.ts";
import type { Source } from "../source.ts";
import { readRun, runsOf } from "./runs.ts";
import {
  type Checkpoint,
  checkpointOf,
  damage,
  isRecord,
  openSafetensors,
  shown,
  showShape,
  type TensorEntry,
} from "./safetensors.ts";

const single = "model.safetensors";
const index = `${single}.index.json`;

/** Opens `model.safetensors` or, where that is missing, all shards that its index file lists. */
export async function openCheckpoint(given: GivenSource): Promise<Checkpoint> {
  const source = sourceOf(given);
  if ((await source.size(single)) !== undefined) return openSafetensors({ source, path: single });
  const json = await source.json(index);
  if (json !== undefined) return openSharded(source, weightMapOf(json, source.place(index)));
  throw new UserError(`checkpoint ${source.place()}: expected model.safetensors or its index, found neither`);
}

/** What `loadTensors` may be told. */
export interface LoadOptions {
  /** Wanted name of a stored tensor; null: it is known and not needed. Default: the stored name itself. */
  readonly aliases?: (stored: string) => string | null;
}

/**
 * Finds each wanted tensor (name -> shape). All missing, unexpected and misshapen ones are reported in one
 * UserError: the first few of each, and how many.
 */
export function matchTensors(
  source: Pick<Checkpoint, "path" | "tensors">,
  wanted: ReadonlyMap<string, readonly number[]>,
  { aliases = (stored) => stored }: LoadOptions = {},
): Map<string, TensorEntry> {
  const found = new Map<string, TensorEntry>();
  const problems: Problems = { missing: [], unexpected: [], misshapen: [], doubled: [] };
  for (const entry of source.tensors.values()) {
    const name = aliases(entry.name);
    if (name === null) continue;
    if (!wanted.has(name)) problems.unexpected.push(entry.name);
    else if (found.has(name)) problems.doubled.push(`${entry.name} and ${found.get(name)?.name}`);
    else found.set(name, entry);
  }
  for (const [name, shape] of wanted) {
    const entry = found.get(name);
    if (entry === undefined) problems.missing.push(name);
    else if (!sameShape(entry.shape, shape)) {
      problems.misshapen.push(
        `${entry.name} (expected ${showShape(shape)}, found ${showShape(entry.shape)})`,
      );
    }
  }
  reportProblems(source.path, problems);
  return new Map([...wanted.keys()].map((name) => [name, found.get(name) as TensorEntry]));
}

/** {@link matchTensors}, then the values as float32. A tensor that is not of floating type is an error. */
export async function loadTensors(
  source: Checkpoint,
  wanted: ReadonlyMap<string, readonly number[]>,
  options: LoadOptions = {},
): Promise<Map<string, HostArray<"float32">>> {
  return loadEntries(source, matchTensors(source, wanted, options));
}

/** Values of tensors that were found, as float32. */
export async function loadEntries(
  source: Checkpoint,
  entries: ReadonlyMap<string, TensorEntry>,
): Promise<Map<string, HostArray<"float32">>> {
  for (const { file, name, dtype } of entries.values()) {
    if (!["F64", "F32", "F16", "BF16"].includes(dtype))
      throw damage(file, `tensor ${name}: expected a floating type, found ${dtype}`);
  }
  const loaded = new Map<string, HostArray<"float32">>();
  for await (const [name, { data, shape }] of readEach(source, entries))
    loaded.set(name, {
      dtype: "float32",
      shape,
      data: data instanceof Float32Array ? data : Float32Array.from(data),
    });
  return new Map([...entries.keys()].map((name) => [name, loaded.get(name) as HostArray<"float32">]));
}

/** Tensors one by one or, where their files have no paths and each reading may be a request, many at once. */
async function* readEach(
  source: Checkpoint,
  entries: ReadonlyMap<string, TensorEntry>,
): AsyncGenerator<readonly [string, HostArray]> {
  if (source.hasPaths) for (const [name, entry] of entries) yield [name, await source.read(entry.name)];
  else for (const run of runsOf(entries)) yield* readRun(source, run);
}

interface Problems {
  readonly missing: string[];
  readonly unexpected: string[];
  readonly misshapen: string[];
  readonly doubled: string[];
}

function reportProblems(path: string, problems: Problems): void {
  const parts = Object.entries(problems)
    .filter(([, names]) => names.length > 0)
    .map(([kind, names]) => `${names.length} ${kind}: ${firstFew(names)}`);
  if (parts.length > 0) throw new UserError(`checkpoint ${path} does not fit the model: ${parts.join("; ")}`);
}

function firstFew(names: readonly string[], few = 3): string {
  return names.slice(0, few).join(", ") + (names.length > few ? ", ..." : "");
}

async function openSharded(source: Source, map: ReadonlyMap<string, string>): Promise<Checkpoint> {
  const names = [...new Set(map.values())].sort();
  const shards = new Map<string, Checkpoint>();
  for (const name of names) shards.set(name, await openShard(source, name));
  const entries = [...map].map(([name, shard]) => {
    const entry = shards.get(shard)?.tensors.get(name);
    if (entry !== undefined) return entry;
    throw damage(source.place(shard), `tensor ${name}: expected by the index, found none`);
  });
  const stray = [...shards.values()]
    .flatMap((shard) => [...shard.tensors.values()])
    .find((t) => !map.has(t.name));
  if (stray !== undefined)
    throw damage(stray.file, `tensor ${stray.name}: expected in ${source.place(index)}, found none there`);
  const files = names.map((path) => ({ source, path }));
  return checkpointOf(source.place(), entries, shards.get(names[0])?.metadata ?? {}, files);
}

async function openShard(source: Source, path: string): Promise<Checkpoint> {
  if ((await source.size(path)) !== undefined) return openSafetensors({ source, path });
  throw damage(source.place(index), `shard ${path}: expected in the folder, found none`);
}

function weightMapOf({ weight_map: map }: Readonly<Record<string, unknown>>, place: string) {
  if (!isRecord(map)) throw damage(place, `expected a weight_map, found ${shown(map)}`);
  const files = Object.entries(map).map(([name, shard]): [string, string] => {
    // A shard stands in the same folder: the index must not lead anywhere else.
    if (isFileName(shard)) return [name, shard];
    throw damage(place, `tensor ${name}: expected a file name, found ${shown(shard)}`);
  });
  return new Map(files);
}

function isFileName(value: unknown): value is string {
  return typeof value === "string" && !/^\.{0,2}$|[/\\\0]/.test(value);
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}
