/**
 * PyTorch's library for products, MKL, takes its kernels for AVX-512 and for AVX2 only where it finds a processor of its
 * maker; on others products take two to four times as long. A library of one function, loaded before it, answers that
 * question with yes: benchmarks have PyTorch both as it is installed and so.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const source = "int mkl_serv_intel_cpu_true(void) { return 1; }\n";

/** Whether MKL asks, and this machine can build the answer. */
export function needsAnswer(): boolean {
  return process.platform === "linux" && isOtherMaker() && compiler() !== undefined;
}

function isOtherMaker(): boolean {
  return readFileSync("/proc/cpuinfo", "utf8").includes("AuthenticAMD");
}

function compiler(): string | undefined {
  return ["/usr/bin/cc", "/usr/bin/gcc", "/usr/bin/clang"].find((path) => existsSync(path));
}

/** The environment of such a process; the library is built at the first call. Throws an Error without a C compiler. */
export function allKernels(): Record<string, string> {
  const folder = process.env.FOVEA_BENCH ?? join(tmpdir(), "fovea-bench");
  const library = join(folder, "mkl-answer.so");
  if (!existsSync(library)) build(folder, library);
  return { LD_PRELOAD: library };
}

function build(folder: string, library: string): void {
  const program = compiler();
  if (program === undefined) throw new Error("bench/step: peers with -mkl need a C compiler in /usr/bin");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "mkl-answer.c");
  writeFileSync(file, source);
  execFileSync(program, ["-shared", "-fPIC", "-o", library, file]);
}
