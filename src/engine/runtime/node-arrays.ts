/**
 * Arrays that stay on the GPU in Node: handles are tensors of ONNX Runtime, made by its runs only. `getData()` of such a
 * tensor ends the process (onnxruntime-node 1.30), and there is no call that makes one: a program that hands its operand on
 * carries arrays there and back.
 */
import type * as ort from "onnxruntime-node";
import type { ArraySpec, DType, HostArray, TypedArrays } from "../host.ts";
import { onnxTypeCodes } from "../onnx/encode.ts";
import { encodeMessage } from "../onnx/protobuf.ts";
import type { DeviceArray, RuntimeArray, Wanted } from "./runtime.ts";
import { isOnDevice } from "./runtime.ts";
import { webgpuTypes } from "./webgpu.ts";

type Ort = typeof ort;
type Session = ort.InferenceSession;

const held = new Set<object>();

/** Arrays on the device that were made and not released yet. */
export function arraysHeld(): number {
  return held.size;
}

/** Whether arrays like this one can lie on the device. */
export function fitsDevice({ dtype }: ArraySpec): boolean {
  return webgpuTypes.has(dtype);
}

/** `preferredOutputLocation` of a program whose results `staying` are left on the device. */
export function outputLocations(staying: readonly string[]): Readonly<Record<string, "gpu-buffer">> {
  return Object.fromEntries(staying.map((name) => [name, "gpu-buffer"]));
}

/**
 * Runs a program. A result that the device made is a new handle where `into` asks for one, and else fetched; `into` itself is
 * never written.
 */
export async function runOnDevice(
  library: Ort,
  session: Session,
  inputs: ReadonlyMap<string, RuntimeArray>,
  outputs: readonly Wanted[],
): Promise<RuntimeArray[]> {
  const feeds = Object.fromEntries([...inputs].map(([key, array]) => [key, toTensor(library, array)]));
  const results = await session.run(feeds, Object.fromEntries(outputs.map(({ name }) => [name, null])));
  const arrays: RuntimeArray[] = [];
  for (const output of outputs) arrays.push(await taken(library, results[output.name], output));
  return arrays;
}

async function taken(
  library: Ort,
  tensor: ort.Tensor,
  { into, shape, dtype }: Wanted,
): Promise<RuntimeArray> {
  if (tensor.location !== "gpu-buffer") return { shape, dtype, data: tensor.data as TypedArrays[DType] };
  const array = hold({ shape, dtype }, tensor);
  if (into && isOnDevice(into)) return array;
  const values = await download(library, array);
  release(array);
  return values;
}

function hold({ shape, dtype }: ArraySpec, handle: ort.Tensor): DeviceArray {
  held.add(handle);
  return { shape, dtype, handle };
}

function toTensor(library: Ort, array: RuntimeArray): ort.Tensor {
  if (isOnDevice(array)) return tensorOf(array);
  const { dtype, data, shape } = array;
  return new library.Tensor(dtype as "float32", data as Float32Array, shape);
}

function tensorOf({ handle }: DeviceArray): ort.Tensor {
  if (!held.has(handle))
    throw new Error("onnxruntime-node: an array on the device was used after its release");
  return handle as ort.Tensor;
}

/** A copy on the device; an array of a type that the device does not have, or without values, is given as it is. */
export async function upload(library: Ort, array: HostArray): Promise<RuntimeArray> {
  if (!fitsDevice(array) || array.data.length === 0) return array;
  const { there } = await copies(library, array.dtype);
  const { y } = await there.run({ x: toTensor(library, array) });
  return hold(array, y);
}

/** The values. */
export async function download(library: Ort, array: RuntimeArray): Promise<HostArray> {
  if (!isOnDevice(array)) return array;
  const { shape, dtype } = array;
  const { back } = await copies(library, dtype);
  const { y } = await back.run({ x: tensorOf(array) });
  return { shape, dtype, data: y.data as TypedArrays[DType] };
}

/** Gives the memory back; once for each array. */
export function release(array: DeviceArray): void {
  const tensor = tensorOf(array);
  held.delete(tensor);
  tensor.dispose();
}

/** Programs that hand an array on, of any shape: to the device, and from it. */
interface Copies {
  readonly there: Session;
  readonly back: Session;
}

const made = new Map<DType, Promise<Copies>>();

function copies(library: Ort, dtype: DType): Promise<Copies> {
  const known = made.get(dtype) ?? openCopies(library, dtype);
  made.set(dtype, known);
  return known;
}

async function openCopies({ InferenceSession }: Ort, dtype: DType): Promise<Copies> {
  const options = { executionProviders: ["webgpu"], logSeverityLevel: 4 } as const;
  const bytes = identityModel(dtype);
  const there = await InferenceSession.create(bytes, { ...options, preferredOutputLocation: "gpu-buffer" });
  return { there, back: await InferenceSession.create(bytes, options) };
}

/** y = x */
function identityModel(dtype: DType): Uint8Array {
  const info = (name: string) => ({ name, type: { tensor_type: { elem_type: onnxTypeCodes[dtype] } } });
  return encodeMessage("ModelProto", {
    ir_version: 10,
    opset_import: [{ domain: "", version: 20 }],
    graph: {
      name: "copy",
      node: [{ name: "copy", op_type: "Identity", input: ["x"], output: ["y"] }],
      input: [info("x")],
      output: [info("y")],
    },
  });
}
