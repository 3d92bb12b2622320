/** What a tiny model of every family computes on a device: the lens, attention, an answer, steps of training with all losses. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Machine } from "../../src/engine/runtime/runtime.ts";
import { readImage } from "../../src/hub/image/image-file.ts";
import type { WeightForm } from "../../src/hub/weights/weights.ts";
import { attentionMaps } from "../../src/lens/attention.ts";
import { lensMaps } from "../../src/lens/logit-lens.ts";
import { klAttention, logitLens, nextToken, weigh } from "../../src/losses/index.ts";
import { openTrainer } from "../../src/train/trainer/trainer.ts";
import { openVlm } from "../../src/vlm/open.ts";

const root = fileURLToPath(new URL("../../tests/fixtures/models/", import.meta.url));

/** `qwen3_vl/deepstack`: a folder with random weights for each family and form of it, as transformers writes them. */
export const familyNames: readonly string[] = foldersIn(root).flatMap((family) =>
  foldersIn(join(root, family)).map((name) => `${family}/${name}`),
);

function foldersIn(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory() && /^[a-z]/.test(entry.name));
  return names.map(({ name }) => name).sort();
}

/** Numbers by what they are. */
export type Numbers = Readonly<Record<string, readonly number[]>>;

export interface FamilyOptions {
  readonly weights?: WeightForm;
  /** Steps of training; 0: none. */
  readonly steps?: number;
  /** Whether adapters are trained, and not the whole model. */
  readonly lora?: boolean;
  /** Whether the backward pass computes activations again. */
  readonly recompute?: boolean;
}

const question = "Where is the cat?";

/** The word whose map is made: one that the questions of the fixtures are made of. */
const word = "cat";

/** Everything that a model of the list computes on a machine. */
export async function familyNumbers(
  name: string,
  machine: Machine,
  { weights = "memory", steps = 2, lora = false, recompute = false }: FamilyOptions = {},
): Promise<Numbers> {
  const folder = join(root, name);
  const model = await openVlm(folder, { machine, weights });
  const image = await readImage(join(folder, firstPicture(folder)));
  const lens = await lensMaps(model, image, [word], { ranks: true, topK: 2 });
  const attention = await attentionMaps(model, image, question, { maxNewTokens: 3 });
  const numbers: Record<string, readonly number[]> = {
    lens: lens.layers.flatMap(({ maps }) => maps.flatMap((map) => [...map])),
    attention: attention.tokens.flatMap(({ layers }) => layers.flatMap(({ map }) => [...map])),
  };
  if (steps > 0) {
    const { width, height } = image;
    const regions = [{ kind: "box", box: [0, 0, width / 2, height / 2] } as const];
    const example = {
      image,
      questions: [{ question, answer: "on the box", regions }],
      concepts: [{ word, regions }],
    };
    const trainer = await openTrainer({
      ...{ model, machine, recompute, learningRate: 1e-3 },
      losses: [nextToken, weigh(logitLens, 1, { layers: "all" }), weigh(klAttention, 1, { layers: "all" })],
      ...(lora && { lora: { rank: 2 } }),
    });
    const reports = [];
    for (let step = 0; step < steps; step++) reports.push(await trainer.step([example]));
    numbers.losses = reports.flatMap(({ loss, parts }) => [loss, ...Object.values(parts)]);
    await trainer.close();
    numbers.gradientNorms = reports.map(({ gradientNorm }) => gradientNorm);
  }
  await model.programs.dispose();
  return numbers;
}

function firstPicture(folder: string): string {
  const { images } = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as {
    images: readonly (readonly string[])[];
  };
  return images[0][0];
}

/** The largest difference, relative to the larger of the largest value and a thousandth. */
export function distanceOf(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  const scale = Math.max(1e-3, ...a.map(Math.abs));
  const far = a.map((x, i) => Math.abs(x - b[i]) / scale);
  return far.some(Number.isNaN) ? Number.POSITIVE_INFINITY : Math.max(0, ...far);
}
