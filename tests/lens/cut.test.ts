import { expect, test } from "vitest";
import { gridGeometry } from "../../src/grounding/geometry.ts";
import { conceptMask, cutOf } from "../../src/lens/cut.ts";
import type { LensResult } from "../../src/lens/logit-lens.ts";

/** One concept on 2 x 2 patches of 4 pixels. */
function resultOf(map: readonly number[], ranks: readonly number[]): LensResult {
  const layer = { layer: 0, maps: [Float32Array.from(map)], ranks: [Float32Array.from(ranks)], words: [] };
  return {
    space: "probability",
    tokens: "mean",
    norm: true,
    geometry: gridGeometry({ width: 8, height: 8 }, 4),
    tiles: { rows: 1, columns: 1 },
    vocabulary: 100,
    concepts: [{ word: "cat", ids: [3] }],
    layers: [layer],
  };
}

const said = resultOf([0.9, 0.1, 0.1, 0.1], [1, 5, 6, 7]);
const unsaid = resultOf([0.4, 0.1, 0.1, 0.1], [2, 5, 6, 7]);

test("a word that is said is cut at Otsu's threshold, another nowhere", () => {
  expect(cutOf(said, 0)).toEqual({ by: "otsu", said: true, threshold: expect.closeTo(0.5) });
  expect(cutOf(unsaid, 0)).toEqual({ by: "otsu", said: false });
  expect(conceptMask(unsaid, 0).data).not.toContain(1);
  const { data } = conceptMask(said, 0);
  expect([data[0], data[7], data[63]]).toEqual([1, 0, 0]);
  expect(conceptMask(said, 0, { size: { width: 24, height: 16 } })).toMatchObject({ width: 24, height: 16 });
});

test("a threshold is the caller's, Otsu's, or the learnt one", () => {
  expect(cutOf(unsaid, 0, { threshold: "otsu" })).toMatchObject({
    by: "otsu",
    threshold: expect.closeTo(0.25),
  });
  expect(cutOf(unsaid, 0, { threshold: 0.3, learnt: 0.2 })).toMatchObject({ by: "given", threshold: 0.3 });
  expect(cutOf(unsaid, 0, { learnt: 0.2 })).toEqual({
    by: "learnt",
    threshold: 0.2,
    said: true,
    learnt: 0.2,
  });
  expect(cutOf(resultOf([0.5, 0.5, 0.5, 0.5], [1, 1, 1, 1]), 0)).toEqual({ by: "otsu", said: true });
});
