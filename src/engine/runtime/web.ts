/**
 * ONNX Runtime in a page: WebAssembly with SIMD, and with threads where the page is isolated (COOP and COEP headers), or
 * WebGPU. Arrays of WebGPU can stay on the device; whatever it has no kernel for ONNX Runtime runs beside it, on WebAssembly.
 */
import type { InferenceSession, Tensor } from "onnxruntime-web";
import { mustBe, UserError } from "../../common/errors.ts";
import { importOptional } from "../../common/optional.ts";
import type { DType, HostArray, TypedArrays } from "../host.ts";
import { release } from "../host.ts";
import { noHalves, sessionError } from "./errors.ts";
import type {
  Capabilities,
  DeviceArray,
  Loaded,
  Machine,
  Model,
  Runtime,
  RuntimeArray,
  Wanted,
} from "./runtime.ts";
import { isOnDevice, processor, withPrecision } from "./runtime.ts";
import { sessionOptions } from "./session-options.ts";
import { webgpuCan, webgpuTypes } from "./webgpu.ts";

type Ort = typeof import("onnxruntime-web");
type Options = InferenceSession.SessionOptions;

const name = "onnxruntime-web";

const onWasm: Capabilities = {
  ...processor,
  gatedAdd: false,
  files: false,
  inPlace: false,
  overwrites: true,
  halves: "none",
};

const onWebgpu: Capabilities = { ...onWasm, ...webgpuCan };

const devices: Readonly<Record<string, { readonly can: Capabilities; readonly open: () => Promise<Ort> }>> = {
  wasm: { can: onWasm, open: () => import("onnxruntime-web/wasm") as Promise<Ort> },
  webgpu: { can: onWebgpu, open: () => import("onnxruntime-web/webgpu") as Promise<Ort> },
};

export const runtime: Runtime = {
  name,
  devices: Object.keys(devices),
  memory: 2 ** 32, // All that WebAssembly can address.
  capabilities: (machine) => withPrecision(deviceOf(machine).can, machine),
  load,
  upload,
  download,
  release: (array) => (isOnDevice(array) ? tensorOf(array).dispose() : release(array)),
};

function deviceOf({ device = "wasm" }: Machine) {
  const known = devices[device];
  if (known === undefined) throw mustBe(name, "device", Object.keys(devices).join(" or "), device);
  return known;
}

let loading: Promise<unknown> = Promise.resolve();

/** One after the other: ONNX Runtime refuses to open two at once, the first ones and those on WebGPU. */
function load(model: Model, machine: Machine): Promise<Loaded> {
  const loaded = loading.then(() => loadNow(model, machine));
  loading = loaded.catch(() => {});
  return loaded;
}

async function loadNow(model: Model, machine: Machine): Promise<Loaded> {
  const ort = await opened(machine);
  if (machine.device === "webgpu") await mustHaveAdapter(machine);
  const session = await ort.InferenceSession.create(model.encode(), optionsOf(machine)).catch((error) => {
    throw sessionError(name, "load", error);
  });
  return {
    run: (inputs, outputs) => run(ort, session, inputs, outputs),
    release: () => session.release(),
  };
}

/** ONNX Runtime for a device, with the settings of the machine that asks first: threads are shared from then on. */
async function opened(machine: Machine): Promise<Ort> {
  const ort = await importOptional(deviceOf(machine).open);
  const { wasm } = ort.env;
  wasm.wasmPaths ??= machine.assets && pathsOf(new URL(machine.assets, globalThis.location.href).href);
  if (machine.threads !== undefined) wasm.numThreads ||= machine.threads;
  return ort;
}

function pathsOf(assets: string) {
  return assets.endsWith(".wasm") ? { wasm: assets } : assets;
}

async function mustHaveAdapter({ precision }: Machine): Promise<void> {
  const { gpu } = navigator as Partial<Navigator>;
  const adapter = await gpu?.requestAdapter();
  if (!adapter) throw new UserError(`${name}: this browser has no WebGPU adapter; choose the device wasm`);
  if (precision === "float16" && !adapter.features.has("shader-f16"))
    throw new UserError(`${name}: ${noHalves}`);
}

function optionsOf(machine: Machine): Options {
  return { executionProviders: [machine.device ?? "wasm"], ...sessionOptions(machine) };
}

async function run(
  ort: Ort,
  session: InferenceSession,
  inputs: ReadonlyMap<string, RuntimeArray>,
  outputs: readonly Wanted[],
): Promise<RuntimeArray[]> {
  const feeds: Record<string, Tensor> = {};
  for (const [key, array] of inputs) feeds[key] = toTensor(ort, array);
  const fetches: Record<string, Tensor | null> = {};
  for (const { name: key, into } of outputs) fetches[key] = into && isOnDevice(into) ? tensorOf(into) : null;
  const results = await session.run(feeds, fetches).catch((error) => {
    throw sessionError(name, "run", error);
  });
  return outputs.map((output) => taken(results[output.name], output));
}

/** A result is in an array of its own, unless it was written into a buffer on the device. */
function taken(tensor: Tensor, { into, shape, dtype }: Wanted): RuntimeArray {
  return into ?? { dtype, shape, data: tensor.data as TypedArrays[DType] };
}

function toTensor(ort: Ort, array: RuntimeArray): Tensor {
  if (isOnDevice(array)) return tensorOf(array);
  const { dtype, data, shape } = array;
  return new ort.Tensor(dtype as "float32", data as Float32Array, shape) as Tensor;
}

function tensorOf({ handle }: DeviceArray): Tensor {
  return handle as Tensor;
}

/** `GPUBufferUsage` and `GPUMapMode.READ` of the specification of WebGPU, which TypeScript's library has no values of. */
const usages = { mapRead: 1, copySource: 4, copyTarget: 8, storage: 128 };
const readMode = 1;

async function upload(array: HostArray, machine: Machine): Promise<RuntimeArray> {
  if (!deviceOf(machine).can.handles || !webgpuTypes.has(array.dtype) || array.data.length === 0)
    return array;
  const ort = await opened(machine);
  const { shape, dtype, data } = array;
  const device = await gpuOf(ort);
  const Kind = data.constructor as new (buffer: ArrayBuffer) => Float32Array;
  const { byteLength } = data;
  const size = Math.ceil(byteLength / 16) * 16;
  const usage = usages.copySource | usages.copyTarget | usages.storage;
  const buffer = device.createBuffer({ usage, size, mappedAtCreation: true });
  new Uint8Array(buffer.getMappedRange()).set(new Uint8Array(data.buffer, data.byteOffset, byteLength));
  buffer.unmap();
  const handle = ort.Tensor.fromGpuBuffer(buffer, {
    dataType: dtype as "float32",
    dims: shape,
    download: async () => new Kind(await readBack(device, buffer, byteLength)),
    dispose: () => buffer.destroy(),
  });
  return { shape, dtype, handle };
}

async function download(array: RuntimeArray): Promise<HostArray> {
  if (!isOnDevice(array)) return array;
  const { shape, dtype } = array;
  return { shape, dtype, data: (await tensorOf(array).getData()) as TypedArrays[DType] };
}

/** The device on which ONNX Runtime runs: there once a program was loaded. */
async function gpuOf(ort: Ort): Promise<GPUDevice> {
  const device = (await ort.env.webgpu.device) as GPUDevice | undefined;
  if (device === undefined) throw new Error(`${name}: upload: needs a program that was loaded before`);
  return device;
}

async function readBack(device: GPUDevice, buffer: GPUBuffer, length: number): Promise<ArrayBuffer> {
  const size = Math.ceil(length / 4) * 4;
  const copy = device.createBuffer({ usage: usages.mapRead | usages.copyTarget, size });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 0, copy, 0, size);
  device.queue.submit([encoder.finish()]);
  await copy.mapAsync(readMode);
  const bytes = copy.getMappedRange().slice(0, length);
  copy.destroy();
  return bytes;
}
