import { join } from "node:path";
import { UserError } from "../common/errors.ts";
import { writeFileWhole } from "../common/files.ts";
import { type Learnt, learntFile } from "./learnt.ts";

/** Keeps learnt thresholds in a model's folder; gives the file's path. */
export async function writeLearnt(folder: string, learnt: Learnt): Promise<string> {
  const path = join(folder, learntFile);
  await writeFileWhole(path, `${JSON.stringify(learnt, undefined, 2)}\n`).catch((cause: Error) => {
    throw new UserError(`${path} cannot be written: ${cause.message}`, { cause });
  });
  return path;
}
