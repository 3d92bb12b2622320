/** What a measurement must say of the machine and the code that made it. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";

/** The widest vectors that a processor adds and multiplies: measurements are kept apart by it. */
export type InstructionSet = "avx512" | "avx2" | "neon" | "other";

/** As every file of results has it. */
export interface MachineName {
  readonly processor: string;
  /** Those that this process may use. */
  readonly cores: number;
  readonly instructions: InstructionSet;
  /** What was switched off, for measuring another kind of core on this one. */
  readonly limited?: string;
  readonly memoryGigabytes: number;
  readonly node: string;
}

/** In words, for tables. */
export const instructionNames: Readonly<Record<InstructionSet, string>> = {
  avx512: "AVX-512",
  avx2: "AVX2",
  neon: "NEON",
  other: "unknown vectors",
};

/** FOVEA_BENCH_LIMITED: what a measurement switched off, as "avx2: AVX-512 switched off". */
export function nameMachine(): MachineName {
  const [, forced, limited] = /^(\w+): (.+)$/.exec(process.env.FOVEA_BENCH_LIMITED ?? "") ?? [];
  return {
    processor: cpus()[0].model.trim(),
    cores: availableParallelism(),
    instructions: (forced as InstructionSet | undefined) ?? instructionsOf(flagsOfProcessor(), process.arch),
    ...(limited !== undefined && { limited }),
    memoryGigabytes: Math.round(totalmem() / 1e9),
    node: process.version,
  };
}

/** `flags`: what Linux says that the processor has; none elsewhere. */
export function instructionsOf(flags: ReadonlySet<string>, architecture: string): InstructionSet {
  if (flags.has("avx512f")) return "avx512";
  if (flags.has("avx2")) return "avx2";
  return architecture === "arm64" ? "neon" : "other";
}

function flagsOfProcessor(): Set<string> {
  try {
    const line = /^flags\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"));
    return new Set(line?.[1].trim().split(/\s+/));
  } catch {
    return new Set();
  }
}

const measured = ["src", "bench", "package-lock.json", ":!bench/results"];

/** The last commit that changed what is measured; "+" where files of it are changed. */
export function commitOf(): string {
  const git = (...args: readonly string[]) => execFileSync("git", args, { encoding: "utf8" }).trim();
  try {
    const changed = git("status", "--porcelain", "--untracked-files=no", "--", ...measured);
    return `${git("log", "-1", "--format=%h", "--", ...measured)}${changed === "" ? "" : "+"}`;
  } catch {
    return "unknown";
  }
}
