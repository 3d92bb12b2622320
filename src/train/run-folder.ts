/** The folder of a run: what stands in it, and whether a run may begin or go on there. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../common/errors.ts";
import {
  checkpointPath,
  cleanCheckpoints,
  listCheckpoints,
  type Progress,
  readProgress,
} from "./checkpoints.ts";
import type { TrainConfig } from "./config.ts";

/** Two configs with the same hash train the same. */
export function configHashOf(config: TrainConfig): string {
  return createHash("sha256").update(JSON.stringify(config)).digest("hex");
}

/** Where the run stands, if it is to go on; refuses to mix two runs in one folder. */
export async function findProgress(
  { out, resume }: { readonly out: string; readonly resume: boolean },
  configHash: string,
): Promise<Progress | undefined> {
  await cleanCheckpoints(out);
  const steps = await listCheckpoints(out);
  if (!resume) {
    if (steps.length === 0 && !existsSync(join(out, "metrics.jsonl"))) return undefined;
    throw new UserError(`train: ${out} holds a run already; go on with --resume, or name another --out`);
  }
  const last = steps.at(-1);
  if (last === undefined) return undefined;
  const progress = await readProgress(checkpointPath(out, last));
  if (progress.configHash === configHash) return progress;
  const own = join(out, "config.yaml");
  throw new UserError(`train: --resume needs the config that the run started with (${own}), got another`);
}
