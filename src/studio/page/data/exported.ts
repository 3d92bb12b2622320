/** What can be saved and copied of Data: the item that is shown as JSON, and the commands that take or make the data. */
import { commandLine } from "../export/command.ts";
import type { Exported } from "../export/menu.ts";
import type { Slot } from "../studio.ts";
import { conceptLines, questionLines } from "./edits.ts";
import type { DataSource, Item } from "./source.ts";

/** Undefined where there is nothing to be saved. */
export function exportedOf(
  source: DataSource | undefined,
  item: Item | undefined,
  slots: readonly Pick<Slot, "given">[],
): Exported | undefined {
  const commands = commandsOf(source, slots);
  if (item === undefined && commands.length === 0) return undefined;
  return {
    name: item?.row.id ?? source?.name ?? "data",
    commands,
    ...(item && { json: [{ title: "JSON", name: "item.json", value: () => plainItem(item) }] }),
  };
}

/** Made sets are made by a command; a folder of the server is what the open models can be evaluated on. */
function commandsOf(source: DataSource | undefined, slots: readonly Pick<Slot, "given">[]): string[] {
  if (source?.command === undefined) return [];
  const path = source.command;
  if (!source.ref?.startsWith("server:")) return [path];
  const given = slots.flatMap((slot) => slot.given ?? []);
  return given.map((model) => commandLine("eval", [path], { model }));
}

/** As a line of metadata.jsonl. */
function plainItem({ row: { fileName, id, questions, concepts } }: Item) {
  return { file_name: fileName, id, questions: questionLines(questions), concepts: conceptLines(concepts) };
}
