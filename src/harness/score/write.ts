import { join } from "node:path";
import { writeFileWhole } from "../../common/files.ts";
import { readRunFolder } from "./read.ts";
import { type RunScoreOptions, type RunScores, scoreRun } from "./scores.ts";

/**
 * Scores a run folder and writes `scores.json` into it. A number that nothing counts for is null in the file.
 */
export async function writeScores(folder: string, options: RunScoreOptions = {}): Promise<RunScores> {
  const scores = scoreRun(await readRunFolder(folder), options);
  await writeFileWhole(join(folder, "scores.json"), `${JSON.stringify(scores, null, 2)}\n`);
  return scores;
}
