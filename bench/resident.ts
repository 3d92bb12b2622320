/** Resident memory of this process, as Linux counts it. */
import { readFileSync, writeFileSync } from "node:fs";

/** Bytes: the most so far, and now. */
export function resident(): { readonly peak: number; readonly now: number } {
  const status = readFileSync("/proc/self/status", "utf8");
  const field = (name: string) => 1024 * Number(status.match(new RegExp(`${name}:\\s+(\\d+) kB`))?.[1]);
  return { peak: field("VmHWM"), now: field("VmRSS") };
}

/** Collects garbage (with `--expose-gc`) and sets the peak back to what is resident now, which it returns. */
export function restartPeak(): number {
  (globalThis as { gc?: () => void }).gc?.();
  writeFileSync("/proc/self/clear_refs", "5");
  return resident().now;
}
