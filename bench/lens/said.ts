/**
 * How often rules say a word that shows, leave an absent one unsaid, and how well their masks fit.
 *
 *     node bench/lens/said.ts [FOLDER ...]
 */

import { iouAtThreshold } from "../../src/eval/map-metrics.ts";
import { patchTruth } from "../../src/eval/maps.ts";
import { scenesFor } from "../../src/eval/scenes.ts";
import { isSaid } from "../../src/lens/findings.ts";
import { lensMaps } from "../../src/lens/logit-lens.ts";
import { otsuThreshold } from "../../src/lens/mask.ts";
import { openVlm } from "../../src/vlm/open.ts";

const count = 200;
const seed = 12;
const never = Number.POSITIVE_INFINITY;

type Rule = (map: Float32Array, ranks: Float32Array, tokens: number) => number;

/** By name, the threshold at which a rule cuts a map. */
const rules: Readonly<Record<string, Rule>> = {
  "the likeliest word somewhere, then Otsu": (map, ranks, tokens) =>
    isSaid(ranks, "mean", tokens) ? otsuThreshold(map) : never,
  "probability 0.5": () => 0.5,
  "Otsu in any case": (map) => otsuThreshold(map),
};

const folders = process.argv.slice(2);
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const percent = (values: readonly number[]) => `${(100 * mean(values)).toFixed(1)} %`;

console.log(
  "| model | rule | says what shows | leaves absent empty | IoU of patches |\n| --- | --- | --- | --- | --- |",
);
for (const folder of folders.length > 0
  ? folders
  : ["checkpoints/full", "checkpoints/ntp-klal", "checkpoints/ntp"]) {
  const model = await openVlm(folder);
  const said = Object.keys(rules).map(() => ({
    shows: [] as number[],
    empty: [] as number[],
    iou: [] as number[],
  }));
  for (const { image, concepts } of await scenesFor(model, { count, seed })) {
    const words = concepts.map(({ word }) => word);
    const result = await lensMaps(model, image, words, { ranks: true });
    const last = result.layers[result.layers.length - 1];
    for (const [k, { regions }] of concepts.entries()) {
      const { coverage, positive } = patchTruth(regions, result.geometry);
      const [map, ranks] = [last.maps[k], last.ranks[k]];
      for (const [r, rule] of Object.values(rules).entries()) {
        const threshold = rule(map, ranks, result.concepts[k].ids.length);
        const says = map.some((value) => value >= threshold) ? 1 : 0;
        if (!coverage.some((share) => share > 0)) said[r].empty.push(1 - says);
        else {
          said[r].shows.push(says);
          said[r].iou.push(iouAtThreshold(map, positive, threshold));
        }
      }
    }
  }
  for (const [r, name] of Object.keys(rules).entries()) {
    const { shows, empty, iou } = said[r];
    console.log(
      `| ${model.name} | ${name} | ${percent(shows)} | ${percent(empty)} | ${mean(iou).toFixed(2)} |`,
    );
  }
}
