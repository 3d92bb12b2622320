/** The runs below a folder, and what of it is none: links, folders that lead out, configs that cannot be read. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../../common/errors.ts";
import { readIfThere, resolveInside } from "../../../common/inside.ts";
import { isLocked } from "../../../common/lock.ts";
import { parseYaml } from "../../../common/yaml.ts";
import {
  type RunFound,
  type RunList,
  type RunState,
  type Skipped,
  settingsOf,
  stepsIn,
} from "../../page/learn/run-data.ts";

/** Runs of a list, and how deep below the folder they may lie. */
const MOST = 500;
const DEPTH = 3;

export async function findRuns(folder: string): Promise<RunList> {
  const names = new Set<string>();
  const skipped: Skipped[] = [];
  await collect(folder, "", DEPTH, names, skipped);
  const runs: RunFound[] = [];
  for (const name of [...names].sort().slice(0, MOST)) runs.push(await runOf(folder, name));
  if (names.size > MOST)
    skipped.push({ name: "further runs", reason: `the first ${MOST} of ${names.size} are listed` });
  return { runs, skipped };
}

async function collect(
  folder: string,
  inside: string,
  depth: number,
  names: Set<string>,
  skipped: Skipped[],
): Promise<void> {
  const entries = await readdir(join(folder, inside), { withFileTypes: true }).catch(() => []);
  if (entries.some(({ name }) => name === "metrics.jsonl")) {
    names.add(inside === "" ? "." : inside);
    return;
  }
  for (const entry of entries) {
    const path = inside === "" ? entry.name : `${inside}/${entry.name}`;
    if (entry.isSymbolicLink()) skipped.push({ name: path, reason: "it is a link; links are not followed" });
    else if (entry.isDirectory() && !entry.name.startsWith(".") && depth > 0)
      await collect(folder, path, depth - 1, names, skipped);
  }
}

async function runOf(folder: string, name: string): Promise<RunFound> {
  const settings = await settingsIn(folder, name);
  const steps = stepsIn(settings);
  return { name, state: await stateOf(folder, name), settings, ...(steps !== undefined && { steps }) };
}

/** Empty where its config cannot be read: the curves are shown all the same. */
async function settingsIn(folder: string, name: string): Promise<RunFound["settings"]> {
  const found = await resolveInside(folder, `${name}/config.yaml`);
  if (!("path" in found)) return {};
  try {
    const text = (await readIfThere(found.path, 200_000)) ?? "";
    return settingsOf(parseYaml(text, "config.yaml"));
  } catch (error) {
    if (error instanceof UserError) return {};
    throw error;
  }
}

async function stateOf(folder: string, name: string): Promise<RunState> {
  if (await isLocked(join(folder, name))) return "running";
  const model = await resolveInside(folder, `${name}/model/config.json`);
  const adapter = await resolveInside(folder, `${name}/model/adapter_config.json`);
  return "path" in model || "path" in adapter ? "finished" : "stopped";
}
