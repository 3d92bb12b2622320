/** ONNX Runtime in Node: weights are mapped from their files, results written into arrays that exist already. */
import { realpath } from "node:fs/promises";
import { createRequire } from "node:module";
import { totalmem } from "node:os";
import { join, parse, relative, resolve } from "node:path";
import type * as ort from "onnxruntime-node";
import { cacheFolder } from "../../common/cache-folder.ts";
import { deviceNames } from "../../common/devices.ts";
import { nativeCall } from "../../common/native-calls.ts";
import { requireOptional } from "../../common/optional.ts";
import type { HostArray } from "../host.ts";
import { emptyLike, release } from "../host.ts";
import { noTensor } from "../onnx/encode.ts";
import { sessionError } from "./errors.ts";
import * as onDevice from "./node-arrays.ts";
import { deviceMissing, nodeDevice } from "./node-devices.ts";
import { noted, openPlacement } from "./node-placement.ts";
import { type Opened, openKept, withSessionEntries } from "./node-programs.ts";
import type { Loaded, Machine, Model, Runtime, RuntimeArray, Wanted } from "./runtime.ts";
import { isOnDevice, withPrecision } from "./runtime.ts";
import { sessionOptions } from "./session-options.ts";

type Options = ort.InferenceSession.SessionOptions;

const name = "onnxruntime-node";

const require = createRequire(import.meta.url);

/** The library: loaded when a program is, for it is native code and may be missing from an install. */
function onnxRuntime(): typeof ort {
  return requireOptional(() => require("onnxruntime-node"));
}

export const runtime: Runtime = {
  name,
  devices: deviceNames,
  memory: Math.min(totalmem(), process.constrainedMemory() || totalmem()),
  capabilities: (machine) => withPrecision(nodeDevice(machine).can, machine),
  load: (model, machine) => nativeCall(() => load(model, machine)),
  upload: async (array, machine) =>
    nodeDevice(machine).can.handles ? nativeCall(() => onDevice.upload(onnxRuntime(), array)) : array,
  download: async (array) =>
    isOnDevice(array) ? nativeCall(() => onDevice.download(onnxRuntime(), array)) : array,
  release: (array) => (isOnDevice(array) ? onDevice.release(array) : release(array)),
};

async function load(model: Model, machine: Machine): Promise<Loaded> {
  const { can, provider } = nodeDevice(machine);
  const placement = provider && machine.onNote && (await openPlacement());
  const { session, wasKept } = await openSession(model, machine, placement?.options).catch(async (error) => {
    await placement?.drop();
    throw deviceMissing(machine, error) ?? sessionError(name, "load", error);
  });
  const plain: Loaded = {
    wasKept,
    run: (inputs, outputs) =>
      can.handles ? runThere(session, inputs, outputs) : run(session, inputs, outputs, runOptionsOf(machine)),
    release: () => session.release(),
  };
  return endable(placement ? noted(plain, session, placement, machine) : plain);
}

/** The same in a thread that may be ended at any time. */
function endable(loaded: Loaded): Loaded {
  return {
    ...loaded,
    run: (inputs, outputs) => nativeCall(() => loaded.run(inputs, outputs)),
    release: () => nativeCall(() => loaded.release()),
  };
}

/** Programs of the processor are kept on the disk, but for those whose weights lie in files: they would be copied there. */
async function openSession(model: Model, machine: Machine, more: Options = {}): Promise<Opened> {
  const options = { ...more, ...optionsOf(machine, model.folds), ...locationsOf(model, machine) };
  const { InferenceSession, env } = onnxRuntime();
  const startsWithNoTensor = !nodeDevice(machine).can.handles;
  if (model.files.length > 0) {
    const located = await rootOf(model.files);
    const bytes = model.encode({ locate: located.locate, startsWithNoTensor });
    const extra = withSessionEntries(options, { model_external_initializers_file_folder_path: located.root });
    return { session: await InferenceSession.create(bytes, { ...options, extra }), wasKept: false };
  }
  const create = (bytes: Uint8Array, own: Options) => InferenceSession.create(bytes, own);
  const bytes = model.encode({ startsWithNoTensor });
  if (options.executionProviders !== undefined)
    return { session: await create(bytes, options), wasKept: false };
  const folder = join(cacheFolder(machine.cacheFolder), "programs");
  return openKept(create, bytes, options, { folder, version: `${env.versions.node}` });
}

/** External data is named relative to a folder that must hold it, links followed: the root holds everything. */
async function rootOf(files: readonly string[]) {
  const real = await realPaths(files);
  const { root } = parse(resolve(files[0]));
  return { root, locate: (path: string) => relative(root, real.get(path) as string) };
}

async function realPaths(paths: readonly string[]): Promise<ReadonlyMap<string, string>> {
  return new Map(await Promise.all(paths.map(async (path) => [path, await realpath(path)] as const)));
}

function optionsOf(machine: Machine, folds?: boolean): Options {
  const { threads } = machine;
  const { provider } = nodeDevice(machine);
  return {
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    ...(provider && { executionProviders: [provider] }),
    ...sessionOptions(machine, folds),
  };
}

/** With an arena: its memory goes back when a run ends. */
function runOptionsOf({ arena = false }: Machine): ort.InferenceSession.RunOptions {
  return arena ? { extra: { memory: { enable_memory_arena_shrinkage: "cpu:0" } } } : {};
}

/** Where results are left; only a device that keeps arrays is asked to. */
function locationsOf({ staying }: Model, machine: Machine): Options {
  const { handles } = nodeDevice(machine).can;
  if (!handles) return {};
  const names = staying.filter(onDevice.fitsDevice).map(({ name: key }) => key);
  return { preferredOutputLocation: onDevice.outputLocations(names) };
}

function runThere(
  session: ort.InferenceSession,
  ...given: readonly [ReadonlyMap<string, RuntimeArray>, readonly Wanted[]]
) {
  return onDevice.runOnDevice(onnxRuntime(), session, ...given).catch((error) => {
    throw sessionError(name, "run", error);
  });
}

/**
 * Writes every result into an array that is there before the run: `into`, or a new one. onnxruntime-node 1.30 then copies each
 * of them once more, one after the other, and gives up at the first that it cannot hand over. That is the first of all,
 * which is no tensor: so nothing is copied, and what it throws then says that the run has ended well.
 */
async function run(
  session: ort.InferenceSession,
  inputs: ReadonlyMap<string, RuntimeArray>,
  outputs: readonly Wanted[],
  options: ort.InferenceSession.RunOptions,
): Promise<RuntimeArray[]> {
  const feeds: Record<string, ort.Tensor> = {};
  for (const [key, array] of inputs) feeds[key] = toTensor(array);
  try {
    const results = outputs.map((output) => output.into ?? emptyLike(output));
    const fetches: Record<string, ort.Tensor | null> = { [noTensor]: null };
    for (const [i, { name: key }] of outputs.entries()) fetches[key] = toTensor(results[i]);
    await session.run(feeds, fetches, options).catch((error) => {
      if (!isNoTensor(error)) throw error;
    });
    return results;
  } catch (error) {
    throw sessionError(name, "run", error);
  }
}

/** What onnxruntime-node says of a result that is no tensor, once the run is over. */
function isNoTensor(error: unknown): boolean {
  return error instanceof Error && error.message === "Non tensor type is temporarily not supported.";
}

function toTensor(array: RuntimeArray): ort.Tensor {
  const { dtype, data, shape } = array as HostArray;
  const { Tensor } = onnxRuntime();
  return new Tensor(dtype as "float32", data as Float32Array, shape);
}
