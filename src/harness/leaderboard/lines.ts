import { aligned } from "../../eval/summary.ts";
import { percent } from "../score/lines.ts";
import type { Table } from "./table.ts";

/** The table for people, in text. */
export function tableLines({ columns, rows, baselines }: Table): string[] {
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
