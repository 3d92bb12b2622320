/**
 * What the engine asks of whatever runs its programs. `#runtime` is the one of this platform (package.json): node.ts in
 * Node, web.ts in a page.
 */
import { mustBe } from "../../common/errors.ts";
import type { ArraySpec, HalfType, HostArray } from "../host.ts";

/** Everything that is chosen for the machine that a program runs on. Callers pass it on whole. */
export interface Machine {
  /** Default: the one of this platform. */
  readonly runtime?: Runtime;
  /** One of the runtime's devices; default: the first of them. */
  readonly device?: string;
  /** Threads of one operation; default: the runtime's choice, in Node the number of cores. */
  readonly threads?: number;
  /**
   * In a page: the address of a folder with the files of onnxruntime-web/dist, `ort-wasm-simd-threaded.{mjs,wasm}` for
   * wasm and `ort-wasm-simd-threaded.asyncify.{mjs,wasm}` for WebGPU, or of that .wasm file alone, where the rest is
   * bundled; default: beside the module that loads them.
   */
  readonly assets?: string;
  /**
   * `fast`, the default, computes in float32, but of products with weights in few bits rounds the other operand to 8 bits
   * too, block by block, where the runtime has a kernel for that; `float32` does not. `float16` rounds the operands of all
   * products to half precision and multiplies those: what is trained, sums, norms, softmax and losses stay in float32.
   */
  readonly precision?: "fast" | "float32" | "float16";
  /**
   * The folder in which weights in few bits and optimised programs are kept; default: what FOVEA_CACHE says, else
   * ~/.cache/fovea. Node only.
   */
  readonly cacheFolder?: string;
  /**
   * Whether a run takes its memory from an arena, which goes back at its end, rather than array by array from the system: a
   * tenth to a fifth less time where arrays are large, for a tenth more memory. Processor in Node only; default: false.
   */
  readonly arena?: boolean;
  /** Hears, in one line for each program, what of it does not run on the device that was asked for. */
  readonly onNote?: (line: string) => void;
  /** Further options of the runtime's session, for profiling and experiments. */
  readonly session?: Readonly<Record<string, unknown>>;
}

/** An array that lies on a device: a handle, which {@link Runtime.download} reads and {@link Runtime.release} ends. */
export interface DeviceArray extends ArraySpec {
  /** What the runtime knows it by. */
  readonly handle: object;
}

/** What programs take and give. */
export type RuntimeArray = HostArray | DeviceArray;

export function isOnDevice(array: ArraySpec): array is DeviceArray {
  return "handle" in array;
}

/** What a device can do, which decides how a program is written for it. */
export interface Capabilities {
  /** The version of ONNX that programs are written in: a device may have kernels of an operator for older ones alone. */
  readonly opset: 18 | 20;
  /** `FusedMatMul`: a product that reads transposed operands as they lie. */
  readonly fusedMatMul: boolean;
  /** Whether a product over many rows is slower with a left operand that lies transposed than moving that operand first. */
  readonly slowTransposed: boolean;
  /** `GatedAdd`: x + y c with one c for each row. */
  readonly gatedAdd: boolean;
  /** `ReduceSumSquare`. */
  readonly sumSquares: boolean;
  /** `MultiHeadAttention`: attention that never holds its pattern. */
  readonly multiHeadAttention: boolean;
  /** Bits of the weights that `MatMulNBits` multiplies as they are stored. */
  readonly matMulBits: readonly (4 | 8)[];
  /** Whether products with weights in 4 or 8 bits round the other operand to 8 bits too. */
  readonly roundsOperands: boolean;
  /** Whether `Sin` and `Cos` are exact to float32; WebGPU promises 2^-11 only. */
  readonly exactSines: boolean;
  /** Whether norms also give the inverse standard deviation that they divided by. */
  readonly normStatistics: boolean;
  /** `LogSoftmax`; else it is written out. */
  readonly logSoftmax: boolean;
  /**
   * How it multiplies in half precision: by `MatMul`, by `FusedMatMul` where operands lie transposed, in float32 with operands
   * that were `rounded` to halves, or not at all.
   */
  readonly halves: "MatMul" | "FusedMatMul" | "rounded" | "none";
  /** Whether it multiplies so: it was asked to. */
  readonly multipliesHalves: boolean;
  /** Stored types that it widens in each run; the others are widened when a program is loaded. */
  readonly widens: readonly HalfType[];
  /** Whether nodes run in an order that the graph decides: without it there is no recomputing behind gates. */
  readonly ordered: boolean;
  /** Whether constants can stay in the files that hold them. */
  readonly files: boolean;
  /** Whether results are written into arrays that are there already. */
  readonly inPlace: boolean;
  /** Whether arrays can stay on the device from run to run. */
  readonly handles: boolean;
  /** Whether a run writes into arrays on the device that are given to it; else results that stay there are new ones. */
  readonly overwrites: boolean;
}

/** What a processor with ONNX Runtime's own kernels can do: everything but to keep arrays. */
export const processor: Capabilities = {
  opset: 20,
  fusedMatMul: true,
  slowTransposed: true,
  gatedAdd: true,
  sumSquares: true,
  multiHeadAttention: true,
  matMulBits: [4, 8],
  roundsOperands: true,
  exactSines: true,
  normStatistics: true,
  logSoftmax: true,
  halves: "rounded",
  multipliesHalves: false,
  widens: ["float16", "bfloat16"],
  ordered: true,
  files: true,
  inPlace: true,
  handles: false,
  overwrites: false,
};

/** The same for what programs of this machine are asked to be exact to. */
export function withPrecision(can: Capabilities, machine: Machine): Capabilities {
  const { precision = "fast", device } = machine;
  const multipliesHalves = precision === "float16";
  if (multipliesHalves && can.halves === "none")
    throw mustBe("machine", "precision", `fast or float32 on ${device ?? "this device"}`, precision);
  return { ...can, multipliesHalves, roundsOperands: can.roundsOperands && precision === "fast" };
}

/** How a graph is written. */
export interface EncodeOptions {
  /** The name, relative to the model's folder, under which a file will be found; default: its path. */
  readonly locate?: (path: string) => string;
  /** Makes an empty sequence, which is no tensor, the first result. */
  readonly startsWithNoTensor?: boolean;
}

/** A program as ONNX, not encoded yet, because a runtime says by which names files are found. */
export interface Model {
  /** Paths of the files that constants lie in. */
  readonly files: readonly string[];
  /** Results that stay on the device, where arrays can: a state that the next run takes. */
  readonly staying: readonly Omit<Wanted, "into">[];
  /** Whether what is made of constants is made once and held, however large it is; default: where it is small. */
  readonly folds?: boolean;
  /** The model's bytes. */
  encode(options?: EncodeOptions): Uint8Array;
}

/** A result that is asked for. */
export interface Wanted extends ArraySpec {
  readonly name: string;
  /** The array that it is written into, of the host only where results are written in place; default: a new one. */
  readonly into?: RuntimeArray;
}

/** A program that a runtime holds. */
export interface Loaded {
  /** Whether it was on the disk, optimised by an earlier load. */
  readonly wasKept?: boolean;
  /** Gives one array for each of `outputs`: `into` itself where that was given. */
  run(
    inputs: ReadonlyMap<string, RuntimeArray>,
    outputs: readonly Wanted[],
  ): Promise<readonly RuntimeArray[]>;
  release(): Promise<void>;
}

/** Where a program's arrays can stay from run to run. */
export interface ArrayPlace {
  /** Whether arrays stay on the device at all; if not, all of the following is nothing. */
  readonly handles: boolean;
  /** Whether runs write into arrays there that are given to them; else results that stay there are new ones. */
  readonly overwrites: boolean;
  upload(array: HostArray): Promise<RuntimeArray>;
  download(array: RuntimeArray): Promise<HostArray>;
  release(array: RuntimeArray): void;
}

/** The place of a machine's arrays. */
export function placeOf(runtime: Runtime, machine: Machine): ArrayPlace {
  const { handles, overwrites } = runtime.capabilities(machine);
  return {
    handles,
    overwrites,
    upload: (array) => runtime.upload(array, machine),
    download: (array) => runtime.download(array),
    release: (array) => runtime.release(array),
  };
}

export interface Runtime {
  readonly name: string;
  /** Where it runs programs, the default first. */
  readonly devices: readonly string[];
  /** Bytes of memory that it shares with everything else. */
  readonly memory: number;
  capabilities(machine: Machine): Capabilities;
  /** Throws a UserError of one line where the model cannot be loaded. */
  load(model: Model, machine: Machine): Promise<Loaded>;
  /** A copy on the device where arrays can stay there; else the array itself. */
  upload(array: HostArray, machine: Machine): Promise<RuntimeArray>;
  /** The values; an array of the host is given as it is. */
  download(array: RuntimeArray): Promise<HostArray>;
  /** Gives the memory back at once. */
  release(array: RuntimeArray): void;
}
