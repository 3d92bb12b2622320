import { expect, test } from "vitest";
import { massOnTarget, unionCoverage } from "../../src/grounding/coverage.ts";
import type { Region } from "../../src/grounding/region.ts";
import { attentionMaps } from "../../src/lens/attention.ts";
import { sinkFactor, sinkPatches } from "../../src/lens/sinks.ts";
import { promptOf } from "../../src/vlm/prompt.ts";
import { testPicture, tinyModel } from "./tiny-model.ts";

const model = tinyModel();
const picture = testPicture();
const question = "where is the big cat ?";

test("every token between image and answer is told, in order, with where its own position looks", async () => {
  const { prompt, tokens } = await attentionMaps(model, picture, question, { maxNewTokens: 3, prompt: true });
  expect(prompt?.map(({ id }) => id)).toEqual(promptOf(model, picture, question).question);
  expect(prompt?.map(({ text }) => text).slice(0, 6)).toEqual(["where", "is", "the", "big", "cat", "?"]);
  expect(prompt?.every(({ isAnswer }) => !isAnswer)).toBe(true);
  expect(tokens.every(({ isAnswer }) => isAnswer)).toBe(true);
  // The prompt's last position is the one that predicts the answer's first token.
  expect(prompt?.at(-1)?.layers).toEqual(tokens[0].layers);
});

test("asking for the question's tokens leaves the answer's as they are", async () => {
  const plain = await attentionMaps(model, picture, question, { maxNewTokens: 3 });
  const more = await attentionMaps(model, picture, question, { maxNewTokens: 3, prompt: true });
  expect(more.answer).toBe(plain.answer);
  for (const [t, token] of plain.tokens.entries())
    for (const [l, layer] of token.layers.entries()) {
      expect(more.tokens[t].layers[l].share).toBeCloseTo(layer.share, 6);
      for (const [n, value] of layer.map.entries())
        expect(more.tokens[t].layers[l].map[n]).toBeCloseTo(value, 6);
    }
});

test("what lies on a region is what the scores take", async () => {
  const regions: Region[] = [{ kind: "box", box: [3, 2, 9, 10] }];
  const { geometry, tokens } = await attentionMaps(model, picture, question, { maxNewTokens: 2, regions });
  const target = unionCoverage(regions, geometry);
  for (const { map, target: share } of tokens.flatMap(({ layers }) => layers))
    expect(share).toBe(massOnTarget(map, target));
  const outside: Region[] = [{ kind: "box", box: [40, 40, 50, 50] }];
  const nowhere = await attentionMaps(model, picture, question, { maxNewTokens: 1, regions: outside });
  expect(nowhere.tokens[0].layers[0].target).toBeNaN();
});

test("the words of an answer's position end with the token that is said", async () => {
  const { tokens } = await attentionMaps(model, picture, question, { maxNewTokens: 3, topK: 2 });
  for (const { id, words } of tokens) {
    expect(words).toHaveLength(model.facts.layers + 1);
    expect(words?.at(-1)?.[0].id).toBe(id);
    expect(words?.every((layer) => layer.length === 2)).toBe(true);
  }
});

/** A token of two layers with two heads each, whose heads give `much` to patch 3 where `draws` says so. */
function token(draws: readonly boolean[], much = 0.6) {
  const heads = draws.map((does) => {
    const head = new Float32Array(64).fill((1 - much) / 63);
    head[does ? 3 : 40] = much;
    return head;
  });
  return { layers: [{ heads: heads.slice(0, 2) }, { heads: heads.slice(2) }] };
}

test("a sink draws many times its share in half of the heads, whichever token looks", () => {
  const sink = token([true, true, false, false]);
  const elsewhere = token([false, false, false, false]);
  // The other half goes to patch 40, which is one too then.
  expect(sinkPatches([sink, sink])).toEqual([3, 40]);
  expect(sinkPatches(Array(9).fill(token([true, true, true, false])))).toEqual([3]);
  // Nine tokens of ten are enough, eight are not: evidence is what some tokens look at.
  const nine = Array(9).fill(token([true, true, true, true]));
  expect(sinkPatches([...nine, elsewhere])).toEqual([3]);
  expect(sinkPatches([...nine.slice(1), elsewhere, elsewhere])).toEqual([]);
  // Just under the factor.
  expect(sinkPatches([token([true, true, true, true], (sinkFactor - 0.01) / 64)])).toEqual([]);
  expect(sinkPatches([])).toEqual([]);
});
