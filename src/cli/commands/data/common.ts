import { readdir } from "node:fs/promises";
import { mustBe, UserError } from "../../../common/errors.ts";
import { benchmarkOf, hasFrozenBytes } from "../../../data/imagefolder/benchmark.ts";
import { type MadeData, makeData } from "../../../data/imagefolder/make.ts";
import type { Recipe } from "../../../data/imagefolder/recipe.ts";
import { numberIn, oneOf, report } from "../../arguments.ts";
import { progressLine } from "../../progress.ts";

/** Options that every set has. */
export const commonArgs = {
  count: { type: "string", description: "number of images to make" },
  out: { type: "string", description: "folder to create; must not exist yet", required: true },
  seed: { type: "string", description: "seed; the same seed gives the same bytes (default 0)" },
  workers: { type: "string", description: "threads (default: as many as speed it up)" },
  replace: { type: "boolean", description: "replace an existing folder" },
  json: { type: "boolean", description: "print one JSON object on standard output" },
} as const;

export interface CommonGiven {
  readonly out: string;
  readonly workers?: string | undefined;
  readonly replace?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** Makes the set, with progress on standard error, and says what was made. */
export async function makeAndReport(command: string, recipe: Recipe, given: CommonGiven): Promise<MadeData> {
  const workers = numberIn(command, "--workers", given.workers, { least: 1, most: 64 });
  if (!given.replace) await mustBeFree(command, given.out);
  const progress = progressLine(`${command}: pictures`, recipe.count);
  try {
    const made = await makeData(recipe, given.out, {
      replace: given.replace ?? false,
      onProgress: (done) => progress.at(done),
      ...(workers !== undefined && { workers }),
    });
    progress.end();
    report(given.json ?? false, made, [
      `made ${made.images} images in ${made.folder}`,
      `sha256 ${made.hash}`,
    ]);
    return made;
  } finally {
    progress.end();
  }
}

/** Options that leave a frozen set as it is; the others are not for choosing. */
const frozenFree: readonly string[] = ["_", "out", "preset", "workers", "replace", "json"];

/**
 * Makes the frozen set of a task. Throws a `UserError` when options are given that would change it, or when the set,
 * which should always have the same bytes, has others.
 */
export async function makeFrozen(
  command: string,
  task: string,
  given: CommonGiven & { readonly preset: string },
): Promise<void> {
  oneOf(command, "--preset", given.preset, ["benchmark"]);
  for (const [name, value] of Object.entries(given))
    if (value !== undefined && value !== false && !frozenFree.includes(name))
      throw mustBe(command, `--${name}`, "left out with --preset benchmark", value);
  const benchmark = benchmarkOf(task);
  const made = await makeAndReport(command, benchmark.recipe, given);
  if (!hasFrozenBytes(benchmark, made.hash)) {
    const expected = `${benchmark.name} must have sha256 ${benchmark.hash}`;
    throw new UserError(`${command}: ${expected}, got ${made.hash} in ${made.folder}`);
  }
}

async function mustBeFree(command: string, folder: string): Promise<void> {
  const files = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw new UserError(`${command}: --out ${folder} cannot be used: ${error.message}`, { cause: error });
  });
  if (files.length > 0)
    throw mustBe(command, "--out", "a new or empty folder", folder, "--replace replaces what is there");
}
