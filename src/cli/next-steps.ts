/** What can be done with a model that was just trained, as lines to copy. */
import { join } from "node:path";
import { shellLine } from "../common/shell.ts";
import { openImageFolder } from "../data/imagefolder/read.ts";
import { canAnswer } from "../train/config/answers.ts";
import type { TrainConfig } from "../train/config/config.ts";

/** `folder`: of the run. */
export async function nextSteps(config: TrainConfig, model: string, folder: string): Promise<string[]> {
  const { data, model: base, lora } = config;
  const against = base.from === null ? [] : ["--against", base.from];
  const examined = data.folder === null ? [] : [data.folder];
  const shown = data.folder === null ? undefined : await somethingToSee(data.folder);
  if (!canAnswer(config))
    return [`  ${shellLine(["npx", "fovea", "build", "--vision", model])} --language MODEL --out FOLDER`];
  const lines = [
    ["eval", ...examined, "--model", model, ...against],
    ...(shown === undefined ? [] : [["lens", shown.picture, "--concept", shown.concept, "--model", model]]),
    ...(lora === undefined ? [] : [["merge", model, "--out", join(folder, "merged")]]),
  ];
  return lines.map((words) => `  ${shellLine(["npx", "fovea", ...words])}`);
}

/** A picture of the folder with a concept that shows on it. */
async function somethingToSee(data: string): Promise<{ picture: string; concept: string } | undefined> {
  const { rows, folder } = await openImageFolder(data);
  const row = rows.find(({ concepts }) => concepts.some(({ regions }) => regions.length > 0));
  const shown = row?.concepts.find(({ regions }) => regions.length > 0);
  return row && shown && { picture: join(folder, row.fileName), concept: shown.word };
}
