/** The devices of ONNX Runtime in Node: what each can do, how it is asked for, and what a machine must have for it. */
import { type DeviceName, deviceNames } from "../../common/devices.ts";
import { mustBe, UserError } from "../../common/errors.ts";
import { type Capabilities, type Machine, processor } from "./runtime.ts";
import { webgpuCan } from "./webgpu.ts";

export interface NodeDevice {
  readonly can: Capabilities;
  /** As it stands in `executionProviders`; none for the processor, which runs whatever others have no kernel for. */
  readonly provider?: { readonly name: string };
  /** What a machine must have, in a sentence. */
  readonly needs?: string;
}

/** Of 1.30: no fused node has been held to the processor's on these, so they get operations of ONNX itself. */
const plain: Capabilities = {
  ...processor,
  opset: 18,
  fusedMatMul: false,
  slowTransposed: false,
  gatedAdd: false,
  sumSquares: false,
  multiHeadAttention: false,
  matMulBits: [],
  roundsOperands: false,
  normStatistics: false,
  halves: "none",
};

const table: Readonly<Record<DeviceName, NodeDevice>> = {
  cpu: { can: processor },
  webgpu: {
    can: { ...processor, ...webgpuCan },
    provider: { name: "webgpu" },
    needs: "a GPU with a driver for Vulkan (Linux), Metal (macOS) or Direct3D 12 (Windows)",
  },
  cuda: {
    // Of its MultiHeadAttention and MatMulNBits only some shapes have kernels; the others would stop the run.
    can: {
      ...processor,
      opset: 18,
      slowTransposed: false,
      gatedAdd: false,
      sumSquares: false,
      multiHeadAttention: false,
      matMulBits: [4],
      roundsOperands: false,
      halves: "FusedMatMul",
    },
    provider: { name: "cuda" },
    needs: "Linux on x64 with NVIDIA's driver, CUDA and ONNX Runtime's provider for it",
  },
  coreml: { can: plain, provider: { name: "coreml" }, needs: "macOS" },
  dml: { can: plain, provider: { name: "dml" }, needs: "Windows with a GPU that has a Direct3D 12 driver" },
};

/** The device of a machine; one line for a name that is none. */
export function nodeDevice({ device = "cpu" }: Machine): NodeDevice {
  const known = (table as Readonly<Record<string, NodeDevice>>)[device];
  if (known === undefined) throw mustBe("onnxruntime-node", "device", deviceNames.join(" or "), device);
  return known;
}

/** What ONNX Runtime says where a machine has no such device, or where its libraries are not there. */
const absent = /WebGPU adapter|Failed to load shared library|backend not found|is unsupported: '/;

/** The error of a device that this machine lacks, in one line; undefined for any other error. */
export function deviceMissing({ device = "cpu" }: Machine, error: unknown): UserError | undefined {
  const said = error instanceof Error ? error.message : String(error);
  const { needs } = nodeDevice({ device });
  if (needs === undefined || !absent.test(said)) return undefined;
  const line = `onnxruntime-node: this machine cannot run programs on ${device}, which needs ${needs}`;
  return new UserError(`${line}; npx fovea devices says what to install`, { cause: error });
}
