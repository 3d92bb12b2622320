/** Results as Markdown: pure functions, so that a test can hold pages to the files of results. */
import { type InstructionSet, instructionNames } from "./machine.ts";
import { type PartResult, stepResults } from "./results.ts";
import type { Peer, StepResult, StepRow } from "./step/measure.ts";

type Results = ReadonlyMap<InstructionSet, readonly PartResult[]>;

/** A table's lines. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

const all: readonly Peer[] = ["eager-mkl", "compile-mkl"];
const installed: readonly Peer[] = ["eager", "compile"];

/** The faster of PyTorch's two, with all kernels of its library where it was measured so. */
export function hardestPeer({ who }: StepResult): StepRow | undefined {
  const of = (names: readonly Peer[]) => who.filter((row) => names.includes(row.who));
  const peers = of(all).length > 0 ? of(all) : of(installed);
  return peers.toSorted((a, b) => a.ms - b.ms)[0];
}

/** The faster as it is installed, where that is another one. */
function installedPeer({ who }: StepResult): StepRow | undefined {
  if (!who.some((row) => all.includes(row.who))) return undefined;
  return who.filter((row) => installed.includes(row.who)).toSorted((a, b) => a.ms - b.ms)[0];
}

const nameOf: Readonly<Record<Peer, string>> = {
  fovea: "Fovea",
  "fovea-recompute": "Fovea, recompute",
  eager: "eager",
  compile: "compile",
  "eager-mkl": "eager",
  "compile-mkl": "compile",
};

export const foveaOf = ({ who }: StepResult) => who.find((row) => row.who === "fovea") as StepRow;

const over = (a: number, b: number) => (a / b).toFixed(2);
const duration = (ms: number) => (ms < 10_000 ? `${ms.toFixed(0)} ms` : `${(ms / 1e3).toFixed(1)} s`);

function against(own: StepRow, peer: StepRow | undefined): string {
  return peer === undefined ? "" : `${over(own.ms, peer.ms)} (${nameOf[peer.who]} ${duration(peer.ms)})`;
}

/** The README's: one table for each kind of core. */
export function stepTables(results: Results): string {
  return [...results]
    .filter(([, parts]) => stepResults(parts).length > 0)
    .map(([instructions, parts]) => stepTable(instructions, parts))
    .join("\n\n");
}

function stepTable(instructions: InstructionSet, parts: readonly PartResult[]): string {
  const cells = stepResults(parts);
  const head = [
    "parameters",
    "rows",
    "Fovea",
    "/ PyTorch",
    "/ PyTorch as installed",
    "memory / PyTorch's",
    "of the limit",
  ];
  const rows = cells.map(({ cell }) => {
    const own = foveaOf(cell);
    const peer = hardestPeer(cell);
    const few = cell.rounds < 5 ? ` (${cell.rounds} round${cell.rounds === 1 ? "" : "s"})` : "";
    return [
      cell.model.replace("m", " M"),
      `${cell.rows} x ${cell.tokens}`,
      `${duration(own.ms)}${few}`,
      against(own, peer),
      against(own, installedPeer(cell)),
      peer === undefined ? "" : over(own.peakMegabytes, peer.peakMegabytes),
      `${(100 * own.share).toFixed(0)} %`,
    ];
  });
  return `${instructionNames[instructions]}: ${origin(cells)}\n\n${table(head, rows)}`;
}

/** Machine, versions, threads and commits. */
function origin(cells: readonly { readonly from: PartResult; readonly cell: StepResult }[]): string {
  const [{ from, cell }] = cells;
  const { processor, node, limited } = from.machine;
  const version = cell.who.find((row) => row.version !== undefined)?.version;
  const commits = [...new Set(cells.map(({ from }) => from.commit))];
  const named = [
    `${processor}${limited === undefined ? "" : `, ${limited}`}`,
    `${cell.threads} thread${cell.threads === 1 ? "" : "s"}`,
    `Node ${node}`,
    ...(version === undefined ? [] : [`PyTorch ${version}`]),
    `commit ${commits.join(", ")}`,
  ];
  return `${named.join(", ")}.`;
}

/** docs/results.md: every number of every candidate of a step. */
export function stepDetails(results: Results): string {
  const head = [
    "cores",
    "parameters",
    "rows",
    "who",
    "median",
    "fastest",
    "processor",
    "peak MB",
    "of steps",
    "of the limit",
    "start s",
  ];
  const rows = [...results].flatMap(([instructions, parts]) =>
    stepResults(parts).flatMap(({ cell }) =>
      cell.who.map((row) => [
        instructionNames[instructions],
        cell.model.replace("m", " M"),
        `${cell.rows} x ${cell.tokens}`,
        row.who,
        duration(row.ms),
        duration(row.fastestMs),
        duration(row.cpuMs),
        row.peakMegabytes.toFixed(0),
        row.stepPeakMegabytes.toFixed(0),
        `${(100 * row.share).toFixed(0)} %`,
        (row.startMs / 1e3).toFixed(1),
      ]),
    ),
  );
  return table(head, rows);
}

/** docs/results.md: the other parts, each with the columns that its rows have. */
export function otherTables(results: Results): string {
  const blocks = [...results].flatMap(([instructions, parts]) =>
    parts.filter(({ part }) => !part.startsWith("step-")).map((part) => otherTable(instructions, part)),
  );
  return blocks.join("\n\n");
}

type Flat = Readonly<Record<string, unknown>>;

function otherTable(
  instructions: InstructionSet,
  { part, result, commit, command, machine }: PartResult,
): string {
  const { rows } = result as { readonly rows: readonly Flat[] };
  const head = [...new Set(rows.flatMap((row) => Object.keys(row).filter((key) => isShown(row[key]))))];
  const lines = rows.map((row) => head.map((key) => shown(row[key])));
  const from = `${machine.processor} (${instructionNames[instructions]}), ${machine.cores} cores, commit ${commit}: \`${command}\``;
  return `**${part}**, ${from}\n\n${table(head.map(inWords), lines)}`;
}

const isShown = (value: unknown) => ["number", "string", "boolean"].includes(typeof value);

function shown(value: unknown): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value !== "number") return typeof value === "string" ? value : "";
  return Number.isInteger(value) || Math.abs(value) >= 1000 ? value.toFixed(0) : value.toPrecision(3);
}

/** "tokensPerSecond" -> "tokens per second" */
const inWords = (key: string) => key.replaceAll(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();

/** A page with the text between `<!-- name -->` and `<!-- /name -->` replaced. Throws an Error without these marks. */
export function between(page: string, name: string, text: string): string {
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [page.indexOf(start), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`a page must have ${start} and ${end}`);
  return `${page.slice(0, from + start.length)}\n\n${text}\n\n${page.slice(to)}`;
}
