/**
 * ONNX Runtime in a page: WebAssembly with SIMD, and with threads where the page is isolated (COOP and COEP headers), or
 * WebGPU. Arrays of WebGPU can stay on the device; whatever it has no kernel for ONNX Runtime runs beside it, on WebAssembly.
 */
import type { InferenceSession, Tensor } from "onnxruntime-web";
import { mustBe, UserError } from "../../common/errors.ts";
import type { DType, HostArray, TypedArrays } from "../host.ts";
import { release } from "../host.ts";
import { sessionError } from "./errors.ts";
import type { Capabilities, Loaded, Machine, Model, Runtime, RuntimeArray, Wanted } from "./runtime.ts";
import { isOnDevice, processor, withPrecision } from "./runtime.ts";

type Ort = typeof import("onnxruntime-web");
type Options = InferenceSession.SessionOptions;

const name = "onnxruntime-web";

const onWasm: Capabilities = { ...processor, files: false, inPlace: false };

/**
 * Of 1.30: it has no FusedMatMul; its MultiHeadAttention is off by up to 0.6 on the shapes that the tests hold it to; and
 * nodes wait for their operands on the device, so that gates would hold back nothing.
 */
const onWebgpu: Capabilities = {
  ...onWasm,
  fusedMatMul: false,
  multiHeadAttention: false,
  exactSines: false,
  ordered: false,
};

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
  upload: async (array) => array,
  download: async (array) => array as HostArray,
  release: (array) => release(array as HostArray),
};

function deviceOf({ device = "wasm" }: Machine) {
  const known = devices[device];
  if (known === undefined) throw mustBe(name, "device", Object.keys(devices).join(" or "), device);
  return known;
}

async function load(model: Model, machine: Machine): Promise<Loaded> {
  if (model.files.length > 0) throw mustBe(name, "weights", "in memory in a page", model.files[0]);
  const ort = await opened(machine);
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
  const ort = await deviceOf(machine).open();
  const { wasm } = ort.env;
  if (machine.assets !== undefined) wasm.wasmPaths ??= new URL(machine.assets, globalThis.location.href).href;
  if (machine.threads !== undefined) wasm.numThreads ||= machine.threads;
  if (machine.device === "webgpu" && !(await hasAdapter()))
    throw new UserError(`${name}: this browser has no WebGPU adapter; choose the device wasm`);
  return ort;
}

async function hasAdapter(): Promise<boolean> {
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<object | null> } };
  return gpu !== undefined && (await gpu.requestAdapter()) !== null;
}

function optionsOf({ device = "wasm", session = {} }: Machine): Options {
  return {
    executionProviders: [device],
    graphOptimizationLevel: "all",
    enableMemPattern: false,
    enableCpuMemArena: false,
    logSeverityLevel: 3,
    ...session,
    extra: {
      ...(session as Options).extra,
      // As in node.ts: gates and widened weights must stay where they are.
      optimization: {
        disable_specified_optimizers: "ReshapeFusion;CommonSubexpressionElimination",
        ...((session as Options).extra?.optimization as object),
      },
    },
  };
}

async function run(
  ort: Ort,
  session: InferenceSession,
  inputs: ReadonlyMap<string, RuntimeArray>,
  outputs: readonly Wanted[],
): Promise<RuntimeArray[]> {
  const feeds: Record<string, Tensor> = {};
  for (const [key, array] of inputs) feeds[key] = toTensor(ort, array);
  const results = await session
    .run(
      feeds,
      outputs.map((output) => output.name),
    )
    .catch((error) => {
      throw sessionError(name, "run", error);
    });
  return outputs.map((output) => taken(results[output.name], output));
}

function taken(tensor: Tensor, { into, shape, dtype }: Wanted): RuntimeArray {
  const data = tensor.data as TypedArrays[DType];
  if (into === undefined || isOnDevice(into)) return { dtype, shape, data };
  into.data.set(data);
  return into;
}

function toTensor(ort: Ort, array: RuntimeArray): Tensor {
  const { dtype, data, shape } = array as HostArray;
  return new ort.Tensor(dtype as "float32", data as Float32Array, shape) as Tensor;
}
