/** Scenes as a tower sees them: places of pictures and captions in the common space, and states of patches. */
import type { CutOutSet } from "../../src/data/assets/cutout.ts";
import type { Split } from "../../src/data/assets/split.ts";
import { openCollator, planForAll } from "../../src/data/collate.ts";
import type { Example } from "../../src/data/example.ts";
import { sceneExamples } from "../../src/data/tasks/examples.ts";
import { type NdArray, slice } from "../../src/engine/array.ts";
import type { HostArray } from "../../src/engine/host.ts";
import type { Batch } from "../../src/losses/batch.ts";
import { embeddings } from "../../src/losses/contrastive.ts";
import type { VlmParams } from "../../src/models/contract/parts.ts";
import { runOn, type Vlm } from "../../src/vlm/open.ts";

/** A scene with what is asked of it here. */
export interface SeenScene {
  readonly picture: Float32Array;
  readonly text: Float32Array;
  /** The tower's last state of each patch, row after row. */
  readonly patches: readonly Float32Array[];
  readonly caption: string;
  /** The words that show. */
  readonly words: readonly string[];
  /** Cells with the middle of one object alone, and its word. */
  readonly cells: readonly { readonly cell: string; readonly word: string }[];
}

export interface SceneChoice {
  readonly cutOuts: CutOutSet;
  readonly split: Split;
  readonly seed: number;
  readonly count: number;
}

const BATCH = 50;

export async function seenScenes(model: Vlm, { cutOuts, ...choice }: SceneChoice): Promise<SeenScene[]> {
  const scene = { size: model.facts.imageSize };
  const options = { ...choice, tasks: ["caption", "naming"] as const, questionsPerImage: 4, scene };
  const examples = [...sceneExamples({ cutOuts }, options)];
  const asked = examples.map((example) => ({ ...example, questions: example.questions.filter(isCaption) }));
  const collator = openCollator(model, planForAll(model, asked));
  const seen: SeenScene[] = [];
  for (let start = 0; start < asked.length; start += BATCH) {
    const { batch, layout } = collator.collate(asked.slice(start, start + BATCH));
    const see = (params: VlmParams, given: Batch<NdArray>) => {
      const taps = ["imageFeatures", "textStates", "visionHiddenStates"] as const;
      const options = { layout, taps, logits: false, textIds: given.answerIds };
      const pass = model.family.forward(params, given, options).taps;
      const { pictures, texts } = embeddings({
        taps: pass,
        head: model.family.head(params),
        batch: given,
        layout,
      });
      const last = pass.visionHiddenStates[pass.visionHiddenStates.length - 1];
      return { pictures, texts, patches: slice(last, 1, 1, last.shape[1]) };
    };
    const out = await runOn<Record<"pictures" | "texts" | "patches", HostArray>>(model, "tower", see, [
      batch,
    ]);
    examples.slice(start, start + BATCH).forEach((example, b) => {
      seen.push({
        ...truthOf(example),
        picture: rowOf(out.pictures, b),
        text: rowOf(out.texts, b),
        patches: rowsOf(out.patches, b),
      });
    });
  }
  return seen;
}

const isCaption = ({ task }: { readonly task: string }) => task === "caption";

function truthOf({ questions, concepts }: Example): Pick<SeenScene, "caption" | "words" | "cells"> {
  const cells = questions.filter(({ task }) => task === "naming");
  return {
    caption: questions.filter(isCaption).map(({ answer }) => answer)[0],
    words: concepts.filter(({ regions }) => regions.length > 0).map(({ word }) => word),
    cells: cells.map(({ question, answer }) => ({
      cell: /\b([a-i][1-9])\b/.exec(question)?.[1] ?? "",
      word: answer,
    })),
  };
}

function rowOf({ data, shape }: HostArray, row: number): Float32Array {
  const [, width] = shape;
  return Float32Array.from(data.slice(row * width, (row + 1) * width) as Float32Array);
}

function rowsOf({ data, shape }: HostArray, image: number): Float32Array[] {
  const [, patches, width] = shape;
  return Array.from({ length: patches }, (_, p) => {
    const start = (image * patches + p) * width;
    return Float32Array.from(data.slice(start, start + width) as Float32Array);
  });
}

/** The mean of the states of some patches. */
export function meanOf(states: readonly Float32Array[]): Float32Array {
  const sum = new Float32Array(states[0].length);
  for (const state of states) for (let d = 0; d < sum.length; d++) sum[d] += state[d] / states.length;
  return sum;
}

/** The patches whose middle lies in a cell of a grid of 4 x 4. */
export function patchesOf({ patches }: SeenScene, cell: string): Float32Array[] {
  const side = Math.round(Math.sqrt(patches.length));
  const [column, row] = [cell.charCodeAt(0) - 97, Number(cell[1]) - 1];
  const isIn = (place: number, index: number) => Math.floor(((place + 0.5) / side) * 4) === index;
  return patches.filter((_, p) => isIn(p % side, column) && isIn(Math.floor(p / side), row));
}
