/** What became of the cases of a reader, counted. */
import type { Report } from "./child.ts";
import { kindOfFault } from "./outcome.ts";

export interface Tally {
  read: number;
  refused: number;
  faulty: number;
  slowest: { milliseconds: number; number: number };
  /** Faults by kind: how many, and the number of the first. */
  readonly faults: Map<string, { count: number; first: number }>;
}

export const emptyTally = (): Tally => ({
  read: 0,
  refused: 0,
  faulty: 0,
  slowest: { milliseconds: 0, number: 0 },
  faults: new Map(),
});

/** Counts a case; true for the first few faults of a kind. */
export function note(tally: Tally, { kind, number, text, milliseconds }: Report): boolean {
  if (milliseconds > tally.slowest.milliseconds) tally.slowest = { milliseconds, number };
  if (kind === "read") tally.read++;
  if (kind === "refused") tally.refused++;
  if (kind !== "fault") return false;
  tally.faulty++;
  const known = tally.faults.get(kindOfFault(text)) ?? { count: 0, first: number };
  known.count++;
  tally.faults.set(kindOfFault(text), known);
  return known.count <= 3;
}

/** A table in Markdown, a line for each reader, and a line for each kind of fault below it. */
export function tableOf(tallies: ReadonlyMap<string, Tally>): string {
  const rows = [...tallies].map(([name, { read, refused, faulty, slowest }]) =>
    row(
      name,
      read + refused + faulty,
      read,
      refused,
      faulty,
      `${Math.round(slowest.milliseconds)} (case ${slowest.number})`,
    ),
  );
  const sum = (key: "read" | "refused" | "faulty") =>
    [...tallies.values()].reduce((all, tally) => all + tally[key], 0);
  const [read, refused, faulty] = [sum("read"), sum("refused"), sum("faulty")];
  const head = [
    row("reader", "files", "read", "refused", "faults", "slowest, ms"),
    row(...Array(6).fill("---")),
  ];
  const kinds = [...tallies].flatMap(([name, { faults }]) =>
    [...faults].map(([kind, { count, first }]) => `${name}: ${count} x ${kind}, the first is case ${first}`),
  );
  return [
    "",
    ...head,
    ...rows,
    row("all", read + refused + faulty, read, refused, faulty, ""),
    "",
    ...kinds,
  ].join("\n");
}

const row = (...cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`;
