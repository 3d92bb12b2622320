import * as jax from "@jax-js/jax";
import { beforeAll, expect, it } from "vitest";
import { type NdArray, np } from "../../src/engine/array.ts";
import type { HostArray } from "../../src/engine/host.ts";
import { isLeaf } from "../../src/engine/host.ts";
import { defineFamily } from "../../src/models/define.ts";
import { llava, llavaParts } from "../../src/models/llava/family.ts";
import type { LlavaParams } from "../../src/models/llava/params.ts";
import { tinyLlava } from "../../src/models/llava/tiny.ts";
import { mapTree } from "../../src/nn/init.ts";

beforeAll(async () => {
  await jax.init("cpu");
  jax.defaultDevice("cpu");
});

const sizes = { width: 16, layers: 2, heads: 2 };
const config = tinyLlava({
  vocabSize: 20,
  imageTokenId: 19,
  vision: { imageSize: 16, ...sizes },
  decoder: sizes,
});
const family = llava.bind(config);
/** The same weights in a family whose image tokens see what follows them. */
const prefixed = defineFamily({ ...llavaParts, visibility: "prefix" }).bind(config);
const params = () =>
  mapTree(family.initParams(3), isLeaf as (x: unknown) => x is HostArray, ({ data, shape }) =>
    np.array(data as Float32Array<ArrayBuffer>).reshape([...shape]),
  ) as unknown as LlavaParams;
const ids = (rows: number[][]) =>
  np.array(Int32Array.from(rows.flat())).reshape([rows.length, rows[0].length]);
const flat = (x: NdArray) => [...(x.ref.dataSync() as Float32Array)];

const texts = [
  [3, 4, 5, 6],
  [7, 8, 0, 0],
];
const alone = (rows: number[][], by: typeof family = family) => {
  // The rows' own ids and pictures have no part in it.
  const inputs = { inputIds: ids([[1], [2]]), positionIds: ids([[0], [0]]), segmentIds: ids([[0], [0]]) };
  const options = {
    layout: { images: [] },
    taps: ["textStates"] as const,
    logits: false,
    textIds: ids(rows),
  };
  return flat(by.forward(params(), inputs, options).taps.textStates);
};

it("are the last hidden states of the same texts as rows without images", () => {
  const inputs = {
    inputIds: ids(texts),
    positionIds: ids([
      [0, 1, 2, 3],
      [0, 1, 2, 3],
    ]),
    segmentIds: ids([
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ]),
  };
  const { taps } = family.forward(params(), inputs, {
    layout: { images: [] },
    taps: ["hiddenStates"],
    logits: false,
  });
  const expected = flat(taps.hiddenStates.at(-1) as NdArray);
  for (const [i, x] of alone(texts).entries()) expect(x).toBeCloseTo(expected[i], 5);
});

it("are causal in every family", () => {
  expect(alone(texts, prefixed)).toEqual(alone(texts));
});

it("depend on what stands before a token, not on what follows it", () => {
  const first = alone(texts);
  const behind = alone([texts[0], [7, 8, 11, 12]]);
  const before = alone([texts[0], [9, 8, 0, 0]]);
  const at = (states: number[], token: number) => states.slice((4 + token) * 16, (5 + token) * 16);
  expect(at(behind, 1)).toEqual(at(first, 1));
  expect(at(before, 1)).not.toEqual(at(first, 1));
});
