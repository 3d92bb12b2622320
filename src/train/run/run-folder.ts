/** The folder of a run: held by one process, and whether a run may begin or go on there. */
import { existsSync } from "node:fs";
import { rmdir, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { mustBe, UserError } from "../../common/errors.ts";
import { writeFault } from "../../common/faults.ts";
import { makeFolder, mustBeWritable } from "../../common/files.ts";
import { lockFolder } from "../../common/lock.ts";
import { loadConfig, type TrainConfig } from "../config/config.ts";
import { configSchema } from "../config/schema.ts";
import { learningRateAt, scheduleOf } from "../step/schedule.ts";
import {
  checkpointPath,
  cleanCheckpoints,
  listCheckpoints,
  type Progress,
  readProgress,
} from "./checkpoints.ts";
import type { RunSummary } from "./summary.ts";

/**
 * Makes the folder and holds it while `use` runs. Throws a UserError when it cannot be written, is a file, or another
 * process holds it. A folder that was made for nothing goes again.
 */
export async function holdingRunFolder<T>(out: string, use: () => Promise<T>): Promise<T> {
  const opened = async () => {
    const made = await makeFolder(out);
    return { made, lock: await lockFolder(out, "train: --out") };
  };
  const { made, lock } = await opened().catch((error) => {
    throw writeFault(out, error, `train: --out ${out}`);
  });
  try {
    await mustTakeRun(out);
    return await use();
  } finally {
    await lock.release();
    if (made !== undefined) await rmdir(out).catch(() => {}); // Stays when it holds anything.
  }
}

/** Throws a UserError where a place of the run's files has something else: before threads, and before any work. */
async function mustTakeRun(out: string): Promise<void> {
  const [checkpoints, model] = [join(out, "checkpoints"), join(out, "model")];
  await mustBeWritable(join(checkpoints, "step"), { what: `train: ${checkpoints}` });
  await mustBeWritable(model, { replace: true, what: `train: ${model}` });
  for (const name of ["config.yaml", "metrics.jsonl", "probes.jsonl", "curves.svg", "held-out.json"]) {
    const path = join(out, name);
    const facts = await stat(path).catch(() => undefined);
    const fault = Object.assign(new Error(), { code: "EISDIR" });
    if (facts?.isDirectory()) throw writeFault(path, fault, `train: ${path}`);
  }
}

/** Of a checkpoint in float32: what is trained, with two moments, and of a whole model the rest of it too. */
export function checkpointBytes(
  { lora }: TrainConfig,
  { parameters, trainable }: Pick<RunSummary, "parameters" | "trainable">,
): number {
  return 4 * (lora === undefined ? parameters + 2 * trainable : 3 * trainable);
}

/** Throws a UserError where a checkpoint of so many bytes has no room; it would stop the run much later. */
export async function needRoom(out: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(out);
  if (bavail * bsize >= bytes) return;
  const [need, has] = [bytes, bavail * bsize].map(
    (size) => `${Math.ceil(size / 1e6).toLocaleString("en-GB")} MB`,
  );
  throw new UserError(`train: --out ${out} must have room for a checkpoint of ${need}, got ${has}`);
}

/** Where a run stands that goes on. */
export interface Standing {
  readonly progress: Progress;
  /** What the run is told to do otherwise from here on; undefined where nothing changes. */
  readonly change?: string;
}

/** Where the run stands, if it is to go on; refuses to mix two runs in one folder. */
export async function findProgress({
  out,
  resume,
  config,
}: {
  readonly out: string;
  readonly resume: boolean;
  readonly config: TrainConfig;
}): Promise<Standing | undefined> {
  await cleanCheckpoints(out);
  const last = (await listCheckpoints(out)).at(-1);
  if (!resume) {
    if (last === undefined && !existsSync(join(out, "metrics.jsonl"))) return undefined;
    throw new UserError(`train: --out ${out} holds a run already; go on with --resume, or name another`);
  }
  if (last === undefined) return withoutCheckpoint(out);
  const progress = await readProgress(checkpointPath(out, last));
  const before = await configOf(progress, out);
  refuseOther(before, config);
  const changes = [...stepsChange(before, config, progress.step), ...deviceChange(before, config)];
  return { progress, ...(changes.length > 0 && { change: changes.join("; ") }) };
}

/** A run that was stopped before its first checkpoint begins again; one that is over has nothing to go on from. */
function withoutCheckpoint(out: string): undefined {
  if (!existsSync(join(out, "model"))) return undefined;
  throw new UserError(
    `train: --resume needs a checkpoint in ${out}, got a finished run without one (train.checkpointEvery was 0)`,
  );
}

/** The config that a run had; what later versions know beside it has its default. */
async function configOf({ config }: Progress, out: string): Promise<TrainConfig> {
  if (config === undefined) return loadConfig({ file: join(out, "config.yaml") });
  return configSchema.safeParse(config).data ?? (config as TrainConfig);
}

/** What may change when a run goes on: how long it is, and where it is computed. */
const free: readonly string[] = ["train.steps", "train.device", "train.precision"];

/** Throws a UserError that names what differs from the config that a run began with, old value and new. */
function refuseOther(before: object, now: object): void {
  const differing = differences(before, now).filter(({ key }) => !free.includes(key));
  if (differing.length === 0) return;
  const said = differing
    .slice(0, 3)
    .map(({ key, before, now }) => `${key} is ${show(before)} there, got ${show(now)}`);
  const more = differing.length > 3 ? [`and ${differing.length - 3} more`] : [];
  throw new UserError(
    `train: --resume needs the settings that the run began with: ${[...said, ...more].join("; ")}; ` +
      `only ${free.join(", ")} may change`,
  );
}

interface Difference {
  /** Dotted path. */
  readonly key: string;
  readonly before: unknown;
  readonly now: unknown;
}

const isRecord = (x: unknown): x is Record<string, unknown> =>
  typeof x === "object" && x !== null && !Array.isArray(x);

/** Every value that two trees of settings do not share, in the order of the first. Absent and undefined are equal. */
export function differences(before: unknown, now: unknown, path: readonly string[] = []): Difference[] {
  if (isRecord(before) && isRecord(now)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(now)]);
    return [...keys].flatMap((key) => differences(before[key], now[key], [...path, key]));
  }
  return isDeepStrictEqual(before, now) ? [] : [{ key: path.join("."), before, now }];
}

const show = (value: unknown) => (value === undefined ? "left out" : JSON.stringify(value));

/** What another device, or products in other bits, do to the numbers. */
function deviceChange({ train: before }: TrainConfig, { train: now }: TrainConfig): string[] {
  const changed = (["device", "precision"] as const).filter((name) => now[name] !== before[name]);
  return changed.map(
    (name) =>
      `train.${name} ${before[name]} -> ${now[name]}: losses from here on are those of ${before[name]} to rounding`,
  );
}

/** What another number of steps does to the schedule. */
function stepsChange({ train: before }: TrainConfig, { train: now }: TrainConfig, step: number): string[] {
  if (now.steps === before.steps) return [];
  if (!Number.isSafeInteger(before.steps))
    throw mustBe("train: --resume", "train.steps in the checkpoint", "a whole number", before.steps);
  if (now.steps < step)
    throw new UserError(
      `train: train.steps must be at least the ${step} that the run has done, got ${now.steps}`,
    );
  const [old, next] = [before, now].map((train) => learningRateAt(scheduleOf(train), step).toExponential(1));
  const change =
    `train.steps ${before.steps} -> ${now.steps}: the learning rate follows the schedule of ${now.steps} steps from ` +
    `here on, so step ${step + 1} has ${next} (the shorter one: ${old})`;
  return [now.steps > before.steps ? change : change.replace("shorter", "longer")];
}
