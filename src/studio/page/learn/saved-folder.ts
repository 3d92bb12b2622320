/** A trained model as a folder that people take with them: its files, how it was trained, and one archive of them. */
import type { ModelFiles } from "../../learn/in-page.ts";
import { lossNames, type Recipe } from "../../learn/recipe.ts";
import { nameOf, progressOf, stepsOf, type TrainingState } from "./training-state.ts";

/** A name for a folder: "ntp-lll-from-ntp-240-steps". */
export function folderName(state: TrainingState): string {
  const { recipe } = state;
  const losses = lossNames.filter((name) => recipe.losses[name].on && recipe.losses[name].weight > 0);
  return [...losses, "from", recipe.start === "twin" ? "ntp" : "nothing", stepsOf(state), "steps"].join("-");
}

const utf8 = new TextEncoder();

/** The model's files, with a card and the config by which commands make scenes that it knows. */
export function savedFolder(files: ModelFiles, state: TrainingState): ModelFiles {
  return {
    ...files,
    "README.md": utf8.encode(cardOf(state)),
    "training.yaml": utf8.encode(`${JSON.stringify(configOf(state.recipe, stepsOf(state)), null, 2)}\n`),
  };
}

function cardOf(state: TrainingState): string {
  const { recipe } = state;
  const score = state.scores.at(-1);
  const measured =
    score === undefined
      ? ""
      : `\nOn ${score.scenes} held-out scenes of these things, after ${score.step} steps: lens IoU ${score.iou.toFixed(3)}, pointing ${score.pointing.toFixed(3)}.\n`;
  return `---
library_name: transformers
pipeline_tag: image-text-to-text
tags: [fovea, llava]
---

# ${nameOf(state)}

Trained in a page of Fovea Studio: ${progressOf(state)}, ${recipe.batch} scenes a step, learning rate ${recipe.learningRate}.
The scenes show ${recipe.things} things; training.yaml has the recipe.
${measured}
    npx fovea lens picture.png --model this-folder --concept cat
`;
}

/** As a config of `fovea train`; JSON is YAML. */
export function configOf({ losses, learningRate, batch, things, seed }: Recipe, steps: number): object {
  const weight = (name: "ntp" | "lll" | "klal") => (losses[name].on ? losses[name].weight : 0);
  return {
    data: {
      names: things,
      seed,
      tasks: ["naming", "grid-patch", "presence"],
      questionsPerImage: 2,
      absentConcepts: 4,
    },
    losses: {
      ntp: { weight: weight("ntp") },
      lll: { weight: weight("lll"), negativeCoverage: 0.4 },
      klal: { weight: weight("klal"), query: "predicting" },
    },
    train: {
      seed,
      steps: Math.max(1, steps),
      batchSize: batch,
      learningRate,
      warmupSteps: 20,
      finalShare: 1,
      beta2: 0.98,
    },
  };
}

/** One file of them, in a folder of this name. Nothing is compressed: weights hardly shrink. */
export async function archiveOf(files: ModelFiles, folder: string): Promise<Uint8Array<ArrayBuffer>> {
  const { zipSync } = await import("fflate");
  const entries = Object.entries(files).map(([name, bytes]) => [`${folder}/${name}`, bytes] as const);
  return zipSync(Object.fromEntries(entries), { level: 0 }) as Uint8Array<ArrayBuffer>;
}
