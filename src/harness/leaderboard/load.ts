/** Reads and scores the runs of a table from the disk. */
import { resolve } from "node:path";
import { UserError } from "../../common/errors.ts";
import { costOf, priceOf } from "../run/cost.ts";
import { readRunFolder } from "../score/read.ts";
import type { RunFolder } from "../score/run-files.ts";
import type { TokenCounts } from "../score/scores.ts";
import { type LoadedRun, scoreWithBaselines } from "./table.ts";

/** Reads and scores run folders; each with the baselines over its own items. */
export async function loadRuns(folders: readonly string[]): Promise<LoadedRun[]> {
  const given = new Set<string>();
  const runs: LoadedRun[] = [];
  for (const folder of folders) {
    if (given.has(resolve(folder))) throw new UserError(`leaderboard: ${folder} is given twice`);
    given.add(resolve(folder));
    runs.push(await loadRun(folder));
  }
  return runs;
}

/** Reads and scores a run folder. Throws a `UserError` for one that cannot be read. */
export async function loadRun(folder: string): Promise<LoadedRun> {
  const content = await readRunFolder(folder);
  const scores = scoreWithBaselines(content);
  return { ...content, folder, scores, cost: await listCost(content, scores.tokens) };
}

async function listCost({ run }: RunFolder, { input, output }: TokenCounts): Promise<number | null> {
  const price = await priceOf(run.model, false);
  if (price === undefined || input === null || output === null) return null;
  return costOf(price, { inputTokens: input, outputTokens: output });
}
