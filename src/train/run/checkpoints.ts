/** Checkpoints of a run: written whole, found again, pruned. */
import { mkdir, readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import { mustBe, UserError } from "../../common/errors.ts";
import { writing } from "../../common/faults.ts";
import { removeFolderWhole, writeFileWhole, writeFolderWhole } from "../../common/files.ts";
import { readRegular } from "../../common/inside.ts";
import { parseJson } from "../../common/json.ts";
import { sweep } from "../../common/temporary.ts";
import type { HostArray } from "../../engine/host.ts";
import { openSafetensors, showShape } from "../../hub/weights/safetensors.ts";
import { writeSafetensors } from "../../hub/weights/safetensors-write.ts";
import type { Moments } from "../step/optimiser.ts";
import type { Named } from "../step/trees.ts";

/** No run is longer. */
const step = z
  .int()
  .min(0)
  .max(2 ** 31 - 1);
const bestSchema = z.object({ step, loss: z.number() });
const progressSchema = z.object({
  version: z.union([z.literal(1), z.literal(2)]),
  /** Steps done; also the position in the data: the next step's batch follows from it and the seed. */
  step,
  /** The effective config; a run goes on only under the same one. Version 1 had a hash of it. */
  config: z.record(z.string(), z.unknown()).optional(),
  best: bestSchema.nullable(),
  /** Of training so far, all processes together. */
  seconds: z.number().min(0).default(0),
  /** The command that began the run, and those that went on with it. */
  commands: z.array(z.string()).default([]),
});

/** `fovea-state.json`: where a run stands, beside its model and moments. */
export type Progress = z.infer<typeof progressSchema>;

const names = { moments: "fovea-state.safetensors", progress: "fovea-state.json" };
const folderOf = (run: string) => join(run, "checkpoints");

/** The folder of the checkpoint after `step` steps. */
export function checkpointPath(run: string, step: number): string {
  return join(folderOf(run), `step-${String(step).padStart(6, "0")}`);
}

/** Steps of the complete checkpoints of a run, in order. */
export async function listCheckpoints(run: string): Promise<number[]> {
  const entries = await readdir(folderOf(run)).catch(() => []);
  const steps = entries.flatMap((name) => /^step-(\d+)$/.exec(name)?.[1] ?? []);
  return steps.map(Number).sort((a, b) => a - b);
}

/** Removes what a save left half written when its process was killed; the run's folder must be held. */
export async function cleanCheckpoints(run: string): Promise<void> {
  await sweep(folderOf(run), { isHeld: true });
}

/** What of a run's state is no part of its model. */
export interface Beside {
  readonly moments: Moments<HostArray>;
  /** Parameters of losses. */
  readonly lossParams: Named<HostArray>;
}

/** Writes one checkpoint whole or not at all; `saveModel` fills the Hugging Face part. */
export async function saveCheckpoint(
  run: string,
  { moments, lossParams }: Beside,
  progress: Omit<Progress, "version">,
  saveModel: (folder: string) => Promise<void>,
): Promise<void> {
  await makeFolder(run);
  const write = async (folder: string) => {
    await saveModel(folder);
    await writeSafetensors(join(folder, names.moments), flat({ ...moments, value: lossParams }));
    await writeFileWhole(
      join(folder, names.progress),
      `${JSON.stringify({ version: 2, ...progress }, null, 2)}\n`,
    );
  };
  await writeFolderWhole(checkpointPath(run, progress.step), write, { replace: true });
}

/** Not the run's own folder: where that was taken away, the run is over. */
async function makeFolder(run: string): Promise<void> {
  const made = mkdir(folderOf(run)).catch((error) => {
    if (error.code !== "EEXIST") throw error;
  });
  await writing(folderOf(run), made);
}

/** Keeps the `keepLast` newest checkpoints and the best one, removes the others. */
export async function pruneCheckpoints(
  run: string,
  keepLast: number,
  best: number | undefined,
): Promise<void> {
  const steps = await listCheckpoints(run);
  const old = steps.slice(0, Math.max(0, steps.length - keepLast)).filter((step) => step !== best);
  await Promise.all(old.map((step) => removeFolderWhole(checkpointPath(run, step))));
}

export async function readProgress(folder: string): Promise<Progress> {
  const path = join(folder, names.progress);
  const bytes = await readRegular(path).catch((cause) => {
    throw new UserError(`${path} cannot be read; it is needed to resume`, { cause });
  });
  const checked = progressSchema.safeParse(parseJson(bytes.toString("utf8"), path));
  if (!checked.success) {
    const [{ path: field, message }] = checked.error.issues;
    throw new UserError(`${path}: ${field.join(".") || "content"}: ${message}`);
  }
  const { step } = checked.data;
  if (basename(checkpointPath("", step)) !== basename(folder))
    throw mustBe(path, "step", `that of its folder ${basename(folder)}`, step);
  return checked.data;
}

/** Reads the moments of the leaves named. @throws UserError when one is missing or of another shape */
export async function readMoments(folder: string, trained: Named<HostArray>): Promise<Moments<HostArray>> {
  const [first, second] = [
    await readState(folder, "first", trained),
    await readState(folder, "second", trained),
  ];
  return { first, second };
}

/** Reads the values of those named. @throws UserError when one is missing or of another shape */
export function readLossParams(folder: string, lossParams: Named<HostArray>): Promise<Named<HostArray>> {
  return readState(folder, "value", lossParams);
}

async function readState(
  folder: string,
  kind: keyof Moments<HostArray> | "value",
  leaves: Named<HostArray>,
): Promise<Named<HostArray>> {
  const file = await openSafetensors(join(folder, names.moments));
  const wrong = (tensor: string, expected: string, found: string) =>
    new UserError(`${file.path}: tensor ${tensor}: expected ${expected}, found ${found}`);
  const entries = Object.entries(leaves).map(async ([name, leaf]) => {
    const { dtype, shape } = file.tensors.get(`${kind}.${name}`) ?? {};
    if (shape !== undefined && (dtype !== "F32" || shape.join() !== leaf.shape.join()))
      throw wrong(`${kind}.${name}`, `F32 ${showShape(leaf.shape)}`, `${dtype} ${showShape(shape)}`);
    const array = await file.read(`${kind}.${name}`);
    const bad = (array.data as Float32Array).findIndex((value) => !Number.isFinite(value));
    if (bad < 0) return [name, array] as const;
    throw wrong(`${kind}.${name}`, "finite numbers", `${array.data[bad]} at place ${bad}`);
  });
  return Object.fromEntries(await Promise.all(entries));
}

function flat(state: Readonly<Record<string, Named<HostArray>>>): Map<string, HostArray> {
  return new Map(
    Object.entries(state).flatMap(([kind, leaves]) =>
      Object.entries(leaves).map(([name, array]) => [`${kind}.${name}`, array] as const),
    ),
  );
}
