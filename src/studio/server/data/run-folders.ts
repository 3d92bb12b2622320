/** Run folders of evaluations: where they lie, and what models answered to the questions of a data set. */
import { opendir, stat } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../../common/errors.ts";
import { readRunFolder } from "../../../harness/score/read.ts";
import { scoreItems } from "../../../harness/score/scores.ts";
import type { Outcome } from "../../page/data/filter.ts";
import type { RowTable } from "../../page/data/table.ts";

/** How deep they may lie. */
const DEEPEST = 4;

/** Folders with a run.json, the folder itself or below it; links are passed over. */
export async function* runFolders(folder: string, depth = 0): AsyncGenerator<string> {
  const isRun = await stat(join(folder, "run.json")).then(
    (facts) => facts.isFile(),
    () => false,
  );
  if (isRun) {
    yield folder;
    return;
  }
  if (depth >= DEEPEST) return;
  const names: string[] = [];
  const entries = await opendir(folder).catch((cause) => {
    if (depth > 0) return undefined;
    throw new UserError(`boards: ${folder} cannot be read: ${cause.message}`, { cause });
  });
  if (entries === undefined) return;
  for await (const entry of entries)
    if (entry.isDirectory() && !entry.name.startsWith(".")) names.push(entry.name);
  for (const name of names.sort()) yield* runFolders(join(folder, name), depth + 1);
}

/** Runs whose outcomes are conditions of one data set. */
const MOST_MODELS = 20;

/** Tells a table how the runs that asked this very data came out; a run that cannot be read is passed over. */
export async function addOutcomes(table: RowTable, hash: string, roots: readonly string[]): Promise<void> {
  const seen = new Set<string>();
  for (const root of roots)
    for await (const folder of runFolders(root)) {
      if (seen.size >= MOST_MODELS) return;
      const content = await readRunFolder(folder).catch(() => undefined);
      if (content === undefined || content.run.dataHash !== hash) continue;
      const { items, answers, run } = content;
      const answered = new Set(answers.map(({ id }) => id));
      const outcomes = scoreItems(items, answers).flatMap(({ id, correct }): [string, Outcome][] =>
        answered.has(id) ? [[id, correct ? "right" : "wrong"]] : [],
      );
      const name = seen.has(run.model) ? folder : run.model;
      seen.add(name);
      table.setOutcomes(name, name, new Map(outcomes));
    }
}
