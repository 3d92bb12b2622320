/** The processor: its cores, and the widest arithmetic that they have, by which speeds differ. */
import { availableParallelism, cpus } from "node:os";
import type { System } from "./system.ts";

export interface ProcessorFacts {
  readonly model: string;
  /** That this process may use: the threads of one operation, unless it is told otherwise. */
  readonly cores: number;
  /** Vector instructions that ONNX Runtime has kernels for, as far as the system says. */
  readonly vectors: readonly string[];
}

export async function processorFacts({ arch, read }: Pick<System, "arch" | "read">): Promise<ProcessorFacts> {
  return {
    model: cpus()[0]?.model.trim() || arch,
    cores: availableParallelism(),
    vectors: vectorsOf(await read("/proc/cpuinfo"), arch),
  };
}

const instructions = [
  [/\bavx2\b/, "AVX2"],
  [/\bavx512f\b/, "AVX-512"],
  [/\bavx512_vnni\b|\bavx_vnni\b/, "VNNI"],
  [/\bavx512_bf16\b/, "bfloat16"],
  [/\bamx_tile\b/, "AMX"],
  [/\basimd\b/, "NEON"],
  [/\basimddp\b/, "dot products"],
  [/\bsve\b/, "SVE"],
] as const;

/** Of Linux's /proc/cpuinfo; every 64-bit Arm has NEON. */
export function vectorsOf(cpuinfo: string, arch: string): string[] {
  const found = instructions.filter(([flag]) => flag.test(cpuinfo)).map(([, name]) => name);
  return found.length === 0 && arch === "arm64" ? ["NEON"] : found;
}

/** `2 of AMD EPYC 9R45 with AVX2, AVX-512`. */
export function processorLine({ model, cores, vectors }: ProcessorFacts): string {
  return `${cores} of ${model}${vectors.length > 0 ? ` with ${vectors.join(", ")}` : ""}`;
}
