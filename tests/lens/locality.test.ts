import { expect, test } from "vitest";
import type { NdArray } from "../../src/engine/array.ts";
import { compile } from "../../src/engine/compile.ts";
import { float32, type HostArray } from "../../src/engine/host.ts";
import { lensTruth } from "../../src/eval/locality.ts";
import type { Region } from "../../src/grounding/region.ts";
import { localityByLayer } from "../../src/lens/locality.ts";
import { lensMaps } from "../../src/lens/logit-lens.ts";
import { vocabularyInformation } from "../../src/lens/vocabulary.ts";
import { testPicture, tinyModel } from "./tiny-model.ts";

const model = tinyModel();
const picture = testPicture();

/** Bits, by the definition, of words that are all there. */
function informationOf(words: readonly (readonly { id: number; probability: number }[])[]): number {
  const mean = new Map<number, number>();
  let certain = 0;
  for (const { id, probability: p } of words.flat()) {
    mean.set(id, (mean.get(id) ?? 0) + p / words.length);
    if (p > 0) certain += (p * Math.log2(p)) / words.length;
  }
  return certain - [...mean.values()].reduce((sum, p) => sum + (p > 0 ? p * Math.log2(p) : 0), 0);
}

test("information is the mutual information of word and patch", async () => {
  const layers = await localityByLayer(model, picture);
  const all = await lensMaps(model, picture, [], { topK: model.facts.vocabSize });
  expect(layers.map(({ layer }) => layer)).toEqual([0, 1, 2]);
  for (const { layer, information } of layers) {
    expect(information).toBeCloseTo(informationOf(all.layers[layer].words), 4);
    expect(information).toBeGreaterThan(0);
  }
});

/** [rows, V] logits through an unembedding that is the identity, in blocks of 2 words. */
async function information(logits: readonly (readonly number[])[]): Promise<number> {
  const V = logits[0].length;
  const x = float32([logits.length, V], logits.flat());
  const weight = float32(
    [V, V],
    Array.from({ length: V * V }, (_, i) => (i % (V + 1) === 0 ? 1 : 0)),
  );
  const fn = (rows: NdArray, head: NdArray) =>
    vocabularyInformation(rows, { weight: head }, 2 * logits.length);
  const program = await compile<HostArray>(fn, [x, weight]);
  const { data } = await program.run(x, weight);
  await program.dispose();
  return data[0];
}

test("rows that say the same tell nothing, rows that each say their own word tell which they are", async () => {
  expect(
    await information([
      [1, 2, 0],
      [1, 2, 0],
    ]),
  ).toBeCloseTo(0, 6);
  const sure = [0, 1, 2, 3].map((own) => [0, 1, 2, 3, 4].map((v) => (v === own ? 60 : 0)));
  expect(await information(sure)).toBeCloseTo(Math.log(4), 5);
  // Certain but alike in pairs: which pair.
  expect(await information([sure[0], sure[0], sure[3], sure[3]])).toBeCloseTo(Math.log(2), 5);
});

test("at the decoder's input every patch is nearest to itself, and the share stays one", async () => {
  const layers = await localityByLayer(model, picture);
  expect(layers[0].identity).toBe(1);
  for (const { identity } of layers) {
    expect(identity).toBeGreaterThan(0);
    expect(identity).toBeLessThanOrEqual(1);
  }
});

test("against the truth: means over the concepts that show", async () => {
  const result = await lensMaps(model, picture, ["cat", "dog"]);
  const box: Region = { kind: "box", box: [0, 0, 8, 4] };
  const values = [0.5, 0.3, 0.1, ...Array(13).fill(0)];
  const layers = [{ ...result.layers[0], maps: [Float32Array.from(values), new Float32Array(16)] }];
  const [truth] = lensTruth({ ...result, layers }, [
    { word: "cat", regions: [box] },
    { word: "dog", regions: [] },
  ]);
  expect(truth.averagePrecision).toBe(1);
  expect(truth.massOnTarget).toBeCloseTo(0.8 / 0.9, 6);
  expect(truth.probabilityOnTarget).toBeCloseTo(0.4, 6);
  expect(truth.probabilityElsewhere).toBeCloseTo(0.1 / 14, 6);
  const [nothing] = lensTruth({ ...result, layers }, [{ word: "dog", regions: [] }]);
  expect(nothing.averagePrecision).toBeNaN();
});
