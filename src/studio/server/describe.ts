/** What people read beside a model before it is open, from its folder: "NTP + LLL + KLAL", "1.4 M parameters, 2,000 steps". */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { readIfThere } from "../../common/inside.ts";
import { parseYaml } from "../../common/yaml.ts";
import { modelName } from "../../hub/net/cache.ts";
import { openCheckpoint } from "../../hub/weights/checkpoint.ts";
import { isAdapterFolder, namedBase } from "../../hub/weights/peft.ts";

export interface ModelDescription {
  /** What tells it from the others: how it is called. */
  readonly title: string;
  readonly note: string;
  /** undefined for an adapter, whose base is elsewhere. */
  readonly parameters: number | undefined;
}

/** Throws a UserError where the folder has no weights that can be read. */
export async function describeModel(folder: string): Promise<ModelDescription> {
  const [own, training] = await Promise.all([weightsIn(folder), trainingOf(folder)]);
  const notes = [own.note, training?.losses, training && `${grouped(training.steps)} steps`];
  const note = notes.filter((part) => part !== undefined).join(", ");
  return { title: modelName(folder), note, parameters: own.parameters };
}

/** The same for models that differ by how they were trained and by nothing else: their losses are their names. */
export async function describeTwin(folder: string): Promise<ModelDescription> {
  const [{ note, parameters }, training] = await Promise.all([weightsIn(folder), trainingOf(folder)]);
  if (training === undefined) return { title: modelName(folder), note, parameters };
  const { losses, steps } = training;
  return {
    title: losses.includes("+") ? losses : `${losses} only`,
    note: `${note}, ${grouped(steps)} steps`,
    parameters,
  };
}

async function weightsIn(folder: string) {
  if (await isAdapterFolder(folder)) {
    const { base } = await namedBase(folder);
    return { note: `adapter of ${base}`, parameters: undefined };
  }
  const { tensors } = await openCheckpoint(folder);
  const sizes = [...tensors.values()].map(({ shape }) => shape.reduce((a, b) => a * b, 1));
  const parameters = sizes.reduce((a, b) => a + b, 0);
  return { note: `${shortCount(parameters)} parameters`, parameters };
}

/** 1.4 M, 256 M, 7.6 B. */
export function shortCount(count: number): string {
  const [unit, size] = count >= 1e9 ? ["B", 1e9] : count >= 1e6 ? ["M", 1e6] : ["k", 1e3];
  const value = count / size;
  return `${value >= 100 ? Math.round(value) : value.toFixed(1)} ${unit}`;
}

const grouped = (count: number) => count.toLocaleString("en-US");

/**
 * The same text for models whose configs differ in their losses and in nothing else: the same data in the same order, the
 * same seed, as many steps. Undefined where a folder has no config.
 */
export async function trainingBesideLosses(folder: string): Promise<string | undefined> {
  const path = join(folder, "training.yaml");
  const text = await readIfThere(path, 2 ** 20);
  if (text === undefined) return undefined;
  const { losses: _, ...rest } = parseYaml(text, path) as Record<string, unknown>;
  return createHash("sha256").update(JSON.stringify(rest)).digest("hex").slice(0, 12);
}

/** What is read of the config that `fovea train` leaves beside a model. */
const trained = z.object({
  losses: z.record(z.string(), z.unknown()),
  train: z.object({ steps: z.number().int().min(0) }),
});

const weighed = z.object({ weight: z.number().positive() });

interface Training {
  /** "NTP + LLL". */
  readonly losses: string;
  readonly steps: number;
}

async function trainingOf(folder: string): Promise<Training | undefined> {
  const path = join(folder, "training.yaml");
  const text = await readIfThere(path, 2 ** 20);
  const found = text === undefined ? undefined : trained.safeParse(parseYaml(text, path));
  if (found?.success !== true) return undefined;
  const losses = Object.entries(found.data.losses).filter(([, loss]) => weighed.safeParse(loss).success);
  return {
    losses: losses.map(([name]) => name.toUpperCase()).join(" + "),
    steps: found.data.train.steps,
  };
}
