import { type CacheFigures, cacheFigures } from "../common/bounded-cache.ts";
import { say } from "./say.ts";

export const verboseArg = {
  type: "boolean",
  default: false,
  description: "at the end, say on standard error what caches hold and how much memory is in use",
} as const;

/** Runs a command; afterwards, with `--verbose`, says what its process holds, however it ended. */
export async function withFigures<T>(command: string, verbose: boolean, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } finally {
    if (verbose) for (const line of figureLines()) say(`${command}: ${line}`);
  }
}

/** A line for each cache that was asked, and one for the process. */
export function figureLines(figures: readonly CacheFigures[] = cacheFigures()): string[] {
  const { rss, heapUsed, external } = process.memoryUsage();
  return [
    ...figures.filter(({ hits, misses }) => hits + misses > 0).map(cacheLine),
    `memory: ${megabytes(rss)} resident, ${megabytes(heapUsed)} on the heap, ${megabytes(external)} beside it`,
  ];
}

function cacheLine(figures: CacheFigures): string {
  const { name, hits, misses, dropped } = figures;
  return `cache of ${name}: ${keptText(figures)}; ${hits} found, ${misses} made, ${dropped} dropped`;
}

function keptText({ caches, entries, limit, bytes, maxBytes = 0 }: CacheFigures): string {
  if (caches === 0) return "gone";
  const size = bytes === undefined ? "" : ` (${megabytes(bytes)} of ${megabytes(maxBytes)})`;
  return `${entries} of ${limit} kept${size}`;
}

const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
