/**
 * Writes mock.json: what the two shipped twins say of one new scene, rounded, for stories and tests of the elements.
 *
 *     node tests/elements/stories/make-mock.ts
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { demoModels } from "../../../src/eval/demo/config.ts";
import { scenesFor } from "../../../src/eval/scenes.ts";
import { attentionMaps } from "../../../src/lens/attention.ts";
import { lensMaps } from "../../../src/lens/logit-lens.ts";
import { openVlm } from "../../../src/vlm/open.ts";

const root = join(import.meta.dirname, "../../..");
const round = (values: ArrayLike<number>) => Array.from(values, (value) => Number(value.toPrecision(3)));

const models = await Promise.all(demoModels.map(({ folder }) => openVlm(join(root, folder))));
const [scene] = await scenesFor(models[0], { count: 1, seed: "stories/3" });
const shows = scene.concepts.filter(({ regions }) => regions.length > 0);
const absent = scene.concepts.find(({ regions }) => regions.length === 0)!;
const words = [shows[0].word, absent.word];
const asked = scene.questions.find(({ regions }) => regions.length > 0)!;

async function seenBy(model: (typeof models)[number], title: string) {
  const lens = await lensMaps(model, scene.image, words, { topK: 4, ranks: true });
  const attention = await attentionMaps(model, scene.image, asked.question);
  const layers = lens.layers.map(({ layer, maps, ranks, words: said }) => ({
    layer,
    maps: maps.map(round),
    ranks: ranks.map(round),
    words: said.map((of) =>
      of.map(({ token, id, probability }) => ({ token, id, probability: round([probability])[0] })),
    ),
  }));
  const tokens = attention.tokens.map(({ token, layers: at }) => ({
    token,
    layers: at.map(({ layer, share, map, heads, headShares }) => ({
      layer,
      share,
      map: round(map),
      heads: heads.map(round),
      headShares: round(headShares),
    })),
  }));
  return {
    title,
    geometry: lens.geometry,
    vocabulary: lens.vocabulary,
    layers,
    attention: { question: asked.question, answer: attention.answer, tokens },
  };
}

const { width, height, data } = scene.image;
const mock = {
  picture: { width, height, base64: Buffer.from(data).toString("base64") },
  words,
  truth: shows.map(({ word, regions }) => ({ word, regions })),
  models: [],
} as { models: unknown[] };
for (const [i, model] of models.entries()) mock.models.push(await seenBy(model, demoModels[i].label));
writeFileSync(join(import.meta.dirname, "mock.json"), `${JSON.stringify(mock)}\n`);
console.log(
  words,
  asked.question,
  shows.map(({ word }) => word),
);
