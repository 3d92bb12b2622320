import * as jax from "@jax-js/jax";
import { beforeAll, describe, expect, it } from "vitest";
import type { NdArray } from "../../src/engine/array.ts";
import { float32, type HostArray, int32 } from "../../src/engine/host.ts";
import type { ModelInputs } from "../../src/models/inputs/inputs.ts";
import { imageTokenCount } from "../../src/models/llava/config.ts";
import { llava } from "../../src/models/llava/family.ts";
import { tinyLlava } from "../../src/models/llava/tiny.ts";
import { distance, oneImage, plainRows, toJax } from "./fixture.ts";

const config = tinyLlava({
  vocabSize: 20,
  imageTokenId: 1,
  vision: { imageSize: 6, patchSize: 3, width: 8, layers: 1, heads: 2, mlpRatio: 2 },
  decoder: { width: 16, layers: 2, heads: 4, keyValueHeads: 2, mlpRatio: 2, tieEmbeddings: false },
});
const N = imageTokenCount(config);
const layout = oneImage(config, 1);
// Larger than usual, so that every part of the model shows in the result.
const loud = { ...config, textConfig: { ...config.textConfig, initializerRange: 0.4 } };
const params = llava.bind(loud).initParams(7);

const pixels = (images: number) =>
  float32(
    [images, 3, 6, 6],
    Array.from({ length: images * 108 }, (_, i) => Math.sin(1.7 * i + (i % 7))),
  );

/** `<bos> <image> x N`, then the text. */
const row = (text: readonly number[]) => [2, ...Array<number>(N).fill(1), ...text];
const prefix = 1 + N;

function run(inputs: ModelInputs<HostArray>, options: { queryPositions?: NdArray } = {}) {
  const taps = [
    "patchEmbeddings",
    "visionHiddenStates",
    "imageFeatures",
    "hiddenStates",
    "attentions",
    ...(options.queryPositions === undefined ? [] : (["attentionRows", "imageLogAttentionRows"] as const)),
  ] as const;
  return llava.bind(config).forward(toJax(params), toJax(inputs), { layout, taps, ...options });
}

const logitsOf = (inputs: ModelInputs<HostArray>) => run(inputs).logits?.ref.dataSync() as Float32Array;
const V = config.textConfig.vocabSize;

beforeAll(async () => {
  await jax.init("cpu");
  jax.defaultDevice("cpu");
});

describe("a LLaVA", () => {
  it("does not look ahead: a later token leaves earlier logits bit for bit", () => {
    const [a, b] = [row([3, 4, 5, 6]), row([3, 4, 9, 6])].map((ids) =>
      logitsOf(plainRows(pixels(1), int32([1, ids.length], ids))),
    );
    const changed = (prefix + 2) * V;
    expect(a.slice(0, changed)).toEqual(b.slice(0, changed));
    expect(distance(a.slice(changed, changed + V), b.slice(changed, changed + V))).toBeGreaterThan(1e-3);
  });

  it("reads the image: other pixels give other logits at the last token", () => {
    const ids = int32([2, prefix + 2], [...row([3, 4]), ...row([3, 4])]);
    const logits = logitsOf(plainRows(pixels(2), ids));
    const last = (image: number) => logits.slice(((image + 1) * (prefix + 2) - 1) * V).slice(0, V);
    expect(distance(last(0), last(1))).toBeGreaterThan(1e-3);
  });

  it("computes for packed questions what separate rows give", () => {
    const questions = [
      [3, 4, 5],
      [6, 7],
      [8, 9, 10, 11],
    ];
    const ids = row(questions.flat());
    const positions = [...Array(prefix).keys(), ...questions.flatMap((q) => q.map((_, i) => prefix + i))];
    const segments = [...Array<number>(prefix).fill(0), ...questions.flatMap((q, i) => q.map(() => i + 1))];
    const padding = 2;
    const S = ids.length + padding;
    const padded = (values: number[], filler: number) =>
      int32([1, S], [...values, ...Array<number>(padding).fill(filler)]);
    const packed = logitsOf({
      pixelValues: pixels(1),
      inputIds: padded(ids, 0),
      positionIds: padded(positions, 0),
      segmentIds: padded(segments, -1),
    });
    expect(packed.every(Number.isFinite)).toBe(true);
    let start = prefix;
    for (const question of questions) {
      const alone = logitsOf(plainRows(pixels(1), int32([1, prefix + question.length], row(question))));
      const stop = start + question.length;
      expect(distance(packed.slice(start * V, stop * V), alone.slice(prefix * V))).toBeLessThan(2e-6);
      start = stop;
    }
  });

  it("stays finite in a row of padding only", () => {
    const S = prefix + 2;
    const inputs = {
      pixelValues: pixels(1),
      inputIds: int32([1, S]),
      positionIds: int32([1, S]),
      segmentIds: int32([1, S], Array<number>(S).fill(-1)),
    };
    expect(logitsOf(inputs).every(Number.isFinite)).toBe(true);
  });
});

describe("taps", () => {
  const [B, R, H, D, L] = [2, 3, 4, 16, 2];
  const S = prefix + 3;
  const positions = [prefix, S - 1, prefix + 1, 0, prefix + 2, prefix];
  let taps: ReturnType<typeof run>["taps"];

  beforeAll(() => {
    const ids = int32([B, S], [...row([3, 4, 5]), ...row([6, 7, 8])]);
    const queryPositions = toJax(int32([B, R], positions)) as unknown as NdArray;
    taps = run(plainRows(pixels(B), ids), { queryPositions }).taps;
  });

  it("have the shapes that their type promises", () => {
    const shapes = Object.fromEntries(
      Object.entries(taps).map(([name, tap]) => [
        name,
        Array.isArray(tap) ? [tap.length, ...tap[0].shape] : (tap as NdArray).shape,
      ]),
    );
    expect(shapes).toEqual({
      patchEmbeddings: [B, 1 + N, 8],
      visionHiddenStates: [2, B, 1 + N, 8],
      imageFeatures: [B, N, D],
      hiddenStates: [L + 1, B, S, D],
      attentions: [L, B, H, S, S],
      attentionRows: [L, B, H, R, S],
      imageLogAttentionRows: [L, B, H, R, N],
    });
  });

  it("give rows of the patterns at the query positions", () => {
    for (const [layer, rows] of taps.attentionRows.entries()) {
      const pattern = taps.attentions[layer].ref.dataSync() as Float32Array;
      expect(distance(rows.ref.dataSync() as Float32Array, pickRows(pattern))).toBeLessThan(1e-6);
    }
  });

  it("give image rows as those patterns over the image tokens, renormalised", () => {
    for (const [layer, rows] of taps.imageLogAttentionRows.entries()) {
      const got = rows.ref.dataSync() as Float32Array;
      const full = pickRows(taps.attentions[layer].ref.dataSync() as Float32Array);
      for (let i = 0; i < B * H * R; i++) {
        const r = i % R;
        const b = Math.floor(i / (H * R));
        if (positions[b * R + r] < prefix) continue; // A query before the image's end does not see all of it.
        const image = full.slice(i * S + 1, i * S + 1 + N);
        const total = image.reduce((sum, x) => sum + x, 0);
        const expected = image.map((x) => Math.log(x / total));
        expect(distance(got.slice(i * N, (i + 1) * N), expected)).toBeLessThan(1e-5);
      }
    }
  });

  /** [B, H, S, S] -> [B, H, R, S] at `positions`. */
  function pickRows(pattern: Float32Array): Float32Array {
    const rows = Array.from({ length: B * H * R }, (_, i) => {
      const [b, head, r] = [Math.floor(i / (H * R)), Math.floor(i / R) % H, i % R];
      const start = ((b * H + head) * S + positions[b * R + r]) * S;
      return [...pattern.slice(start, start + S)];
    });
    return Float32Array.from(rows.flat());
  }
});
