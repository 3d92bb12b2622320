/** What is looked at while a model learns: the maps of the watched pictures, and scores on held-out scenes. */
import type { Example } from "../../data/example.ts";
import { iouAtThreshold, pointingGame } from "../../eval/map-metrics.ts";
import { patchTruth } from "../../eval/maps.ts";
import { massOnTarget } from "../../grounding/coverage.ts";
import { attentionMaps } from "../../lens/attention.ts";
import { lensMaps } from "../../lens/logit-lens.ts";
import type { Vlm } from "../../vlm/open.ts";
import type { HeldOutScore, Watched, WatchedMaps } from "./messages.ts";
import type { ProbePicture } from "./world.ts";

/** A probability of a half or more: as everywhere that lens maps become masks. */
const THRESHOLD = 0.5;

/** The picture as the page shows it, with the grid of this model's maps. */
export async function watchedPicture(model: Vlm, probe: ProbePicture): Promise<Watched> {
  const { example, word, question } = probe;
  const { geometry } = await lensMaps(model, example.image, [word]);
  return { image: example.image, word, regions: regionsOf(probe), question, geometry };
}

function regionsOf({ example, word }: ProbePicture) {
  return example.concepts.find((concept) => concept.word === word)?.regions ?? [];
}

export async function watchedMaps(model: Vlm, probe: ProbePicture): Promise<WatchedMaps> {
  const { example, word, question } = probe;
  const { layers, geometry } = await lensMaps(model, example.image, [word], { topK: 1 });
  const { maps, words } = layers[layers.length - 1];
  const attended = await attentionMaps(model, example.image, question, { maxNewTokens: 4 });
  const looked = attended.tokens[0].layers.at(-1)!.map;
  const { positive, coverage } = patchTruth(regionsOf(probe), geometry);
  return {
    lens: maps[0],
    words: words.map(([best]) => best.token),
    certainty: Float32Array.from(words, ([best]) => best.probability),
    attention: looked,
    answer: attended.answer,
    on: meanWhere(maps[0], (n) => positive[n] === 1),
    off: meanWhere(maps[0], (n) => coverage[n] === 0),
    onTarget: massOnTarget(looked, coverage),
  };
}

function meanWhere(values: Float32Array, counts: (place: number) => boolean): number {
  const counted = values.filter((_, n) => counts(n));
  return counted.reduce((sum, value) => sum + value, 0) / counted.length;
}

/** IoU at probability 0.5 and the pointing game, by patches, over all things that show. */
export async function scoreHeldOut(
  model: Vlm,
  scenes: readonly Example[],
): Promise<Pick<HeldOutScore, "scenes" | "iou" | "pointing">> {
  const ious: number[] = [];
  const hits: number[] = [];
  for (const { image, concepts } of scenes) {
    const present = concepts.filter(({ regions }) => regions.length > 0);
    const { layers, geometry } = await lensMaps(
      model,
      image,
      present.map(({ word }) => word),
    );
    for (const [k, { regions }] of present.entries()) {
      const map = layers[layers.length - 1].maps[k];
      const { positive } = patchTruth(regions, geometry);
      ious.push(iouAtThreshold(map, positive, THRESHOLD));
      hits.push(pointingGame(map, positive));
    }
  }
  return { scenes: scenes.length, iou: meanOf(ious), pointing: meanOf(hits) };
}

/** Of what has a number: a thing that no patch shows has none. */
function meanOf(values: readonly number[]): number {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.reduce((sum, value) => sum + value, 0) / known.length;
}
