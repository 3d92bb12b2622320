/** What ONNX Runtime's WebGPU can do, in Node and in a page. docs/devices.md has the list. */
import type { DType } from "../host.ts";
import type { Capabilities } from "./runtime.ts";

/**
 * Of 1.30, beside what a processor can do: it has no FusedMatMul and no LogSoftmax; its MultiHeadAttention is off by up to 0.6 on the shapes
 * that the tests hold it to; its norms leave their second result unwritten; and nodes wait for their operands on the
 * device, so that gates would hold back nothing.
 */
export const webgpuCan: Partial<Capabilities> = {
  fusedMatMul: false,
  slowTransposed: false,
  gatedAdd: false,
  sumSquares: false,
  multiHeadAttention: false,
  exactSines: false,
  normStatistics: false,
  logSoftmax: false,
  halves: "MatMul",
  widens: [], // Halves only where the adapter has them, bfloat16 nowhere.
  ordered: false,
  inPlace: false,
  handles: true,
};

/** Element types that arrays on the device may have. */
export const webgpuTypes: ReadonlySet<DType> = new Set(["float32", "int32", "uint32"]);
