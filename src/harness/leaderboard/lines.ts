import { aligned } from "../../eval/summary.ts";
import { percent } from "../score/lines.ts";
import type { Table } from "./table.ts";

/** The table for people, in text. */
export function tableLines(table: Table): string[] {
  return [...(table.columns.length > 0 ? finishedLines(table) : []), ...unfinishedLines(table)];
}

/** Runs that are not finished stand apart, without a score. */
function unfinishedLines({ unfinished, columns }: Table): string[] {
  if (unfinished.length === 0) return [];
  const head = "unfinished, and therefore neither ranked nor tested:";
  const lines = unfinished.map(
    ({ model, folder, answered, items }) =>
      `  ${model}: ${answered} of ${items} questions answered (${folder})`,
  );
  return [...(columns.length > 0 ? [""] : []), head, ...lines];
}

function finishedLines({ columns, rows, baselines }: Table): string[] {
  const several = columns.length > 1;
  const head = [
    "accuracy",
    ...(several ? ["average"] : []),
    ...columns.map(({ label }) => label),
    "unparsable",
  ];
  const models = rows.map(({ label, average, cells, unparsable }) => [
    label,
    ...(several ? [average === undefined ? "-" : percent(average)] : []),
    ...cells.map((cell) => (cell === undefined ? "-" : percent(cell.scores.accuracy))),
    String(unparsable),
  ]);
  const chance = baselines.map(({ name, cells }) => [name, ...(several ? [""] : []), ...cells.map(percent)]);
  return aligned([head, ...models, ...chance]);
}
