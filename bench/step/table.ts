/** What the step benchmark prints of a cell. */
import type { StepResult, StepRow } from "./measure.ts";

/** Lines for a terminal: what each needs, and Fovea over each of the others. */
export function printed({ who, difference, ...cell }: StepResult): string[] {
  const [fovea, ...peers] = who;
  const line = (cells: readonly string[]) => cells.map((text) => text.padStart(13)).join("");
  const columns: readonly (keyof StepRow)[] = [
    "ms",
    "fastestMs",
    "cpuMs",
    "peakMegabytes",
    "stepPeakMegabytes",
  ];
  const values = (row: StepRow) => columns.map((column) => (row[column] as number).toFixed(0));
  const ratio = (peer: StepRow) =>
    columns.map((column) => `${((fovea[column] as number) / (peer[column] as number)).toFixed(2)}x`);
  return [
    `\n${cell.model}, ${cell.rows} x ${cell.tokens} tokens, ${cell.losses}, ${cell.threads} threads: ${cell.rounds} rounds; ` +
      `${cell.gigaflop.toFixed(0)} GFLOP, products at best ${cell.limitGigaflops.toFixed(0)} GFLOP/s; ` +
      `same to ${Math.max(difference.loss, difference.gradientNorm).toExponential(0)}`,
    line(["", "median ms", "fastest ms", "processor ms", "peak MB", "of steps", "of the limit", "start s"]),
    ...who.map((row) =>
      line([row.who, ...values(row), `${(100 * row.share).toFixed(0)} %`, (row.startMs / 1e3).toFixed(1)]),
    ),
    ...peers.map((peer) => line([`/ ${peer.who}`, ...ratio(peer)])),
  ];
}
