/** A last layer of only the rows that are read, against the same model with all rows. */
import { describe, expect, it } from "vitest";
import { type NdArray, np, valueAndGrad } from "../../src/engine/array.ts";
import { compile } from "../../src/engine/compile.ts";
import { float32, type HostArray, int32, isLeaf, leavesWithPaths } from "../../src/engine/host.ts";
import { atPositions } from "../../src/losses/vocabulary.ts";
import { someRows } from "../../src/models/forward/last-rows.ts";
import { imageColumns } from "../../src/models/inputs/layout.ts";
import { llava } from "../../src/models/llava/family.ts";
import { tinyLlava } from "../../src/models/llava/tiny.ts";
import { attend } from "../../src/nn/attention.ts";
import { type Visibility, visibilityMask } from "../../src/nn/visibility.ts";
import { distance, oneImage } from "./fixture.ts";

const [B, S] = [2, 40];
const waves = (shape: readonly number[], step: number) =>
  float32(
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(step * (i + 1))),
  );
const run = async <T>(fn: (...args: never[]) => unknown, args: readonly unknown[]) => {
  const program = await compile<T>(fn as never, args, { machine: { threads: 1 } });
  const nodes = program.times.nodes;
  const result = await program.run(...args);
  await program.dispose();
  return { result, nodes };
};

describe("a model's last layer", () => {
  const config = tinyLlava({
    vocabSize: 20,
    imageTokenId: 1,
    vision: { imageSize: 6, patchSize: 3, width: 8, layers: 1, heads: 2, mlpRatio: 2 },
    decoder: { width: 16, layers: 2, heads: 4, keyValueHeads: 2, mlpRatio: 2, tieEmbeddings: false },
  });
  const family = llava.bind({ ...config, textConfig: { ...config.textConfig, initializerRange: 0.4 } });
  const layout = oneImage(config, 1);
  const inputs = {
    pixelValues: waves([B, 3, 6, 6], 1.7),
    inputIds: int32(
      [B, S],
      Array.from({ length: B * S }, (_, i) => (i % S > 0 && i % S <= 4 ? 1 : 2 + ((i * 7) % 17))),
    ),
    positionIds: int32(
      [B, S],
      Array.from({ length: B * S }, (_, i) => i % S),
    ),
    segmentIds: int32(
      [B, S],
      Array.from({ length: B * S }, (_, i) => (i % S < 9 ? 0 : i % S < 25 ? 1 : i % S < 38 ? 2 : -1)),
    ),
  };
  /** One of them twice, one an image token, one before the image. */
  const positions = int32([B, 5], [24, 37, 24, 4, 0, 12, 13, 14, 30, 3]);
  const params = family.toNamed(family.initParams(7));

  const value =
    (images: boolean, answers: boolean, some: boolean) => (named: never, given: never, at: NdArray) => {
      const f = (own: never): [NdArray, NdArray] => {
        const lastRows = { images, ...(answers && { positions: at }) };
        const { taps } = family.forward(family.fromNamed(own), given, {
          layout,
          taps: ["hiddenStates"],
          logits: false,
          ...(some && { lastRows }),
        });
        const last = taps.hiddenStates.at(-1) as NdArray;
        const read = [
          ...(images ? [imageColumns(last, 1, layout)] : []),
          ...(answers ? [atPositions(last, at)] : []),
        ];
        const sum = read.map((x) => np.sum(np.sin(x))).reduce((a, b) => np.add(a, b));
        return [sum, sum];
      };
      const [value, gradients] = valueAndGrad(f as never)(named as never);
      return [(value as unknown as NdArray[])[0], gradients];
    };

  it.each([
    [true, true],
    [true, false],
    [false, true],
  ])("gives value and gradients of all rows: images %s, positions %s", async (images, answers) => {
    const of = (some: boolean) =>
      run<[HostArray, Record<string, HostArray>]>(value(images, answers, some) as never, [
        params,
        inputs,
        positions,
      ]);
    const [whole, some] = [await of(false), await of(true)];
    expect(some.nodes).not.toBe(whole.nodes);
    expect(some.result[0].data[0]).toBeCloseTo(whole.result[0].data[0], 4);
    const [a, b] = [whole, some].map(({ result }) => leavesWithPaths<HostArray>(result[1], isLeaf as never));
    for (const [i, [name, leaf]] of a.entries()) {
      const largest = Math.max(1, ...(leaf.data as Float32Array).map(Math.abs));
      expect(distance(b[i][1].data, leaf.data) / largest, name).toBeLessThan(1e-5);
    }
  });
});

describe("the queries that are read", () => {
  const [H, G, K] = [2, 2, 4];
  const segments = Array.from({ length: S }, (_, i) => (i < 20 ? 0 : i < 30 ? 1 : 2));
  const layout = {
    images: [
      {
        spans: [
          { start: 2, length: 5 },
          { start: 9, length: 4 },
        ],
        pixels: 1,
      },
    ],
  };
  const blocks = layout.images[0].spans;
  const heads = {
    query: waves([1, S, H, G, K], 1.3),
    key: waves([1, S, H, K], 0.7),
    value: waves([1, S, H, K], 2.1),
  };
  const at = [33, 19, 25];

  it.each(
    (["causal", "prefix", "image-blocks"] as Visibility[]).flatMap((visibility) =>
      [null, 6].map((window) => [visibility, window] as const),
    ),
  )("see what they see among all: %s, window %s", async (visibility, window) => {
    const optionsOf = (own: number | null) => ({ visibility, window: own, blocks });
    const fn = (own: { query: NdArray; key: NdArray; value: NdArray }, ids: NdArray, positions: NdArray) => {
      const whole = attend(own, visibilityMask(ids, optionsOf(window))).mixed;
      const rows = someRows({ images: true, positions }, ids, layout, optionsOf);
      const parts = rows?.parts.map(({ pick, keys, mask }) => {
        const [key, value] = [own.key, own.value].map((x) => np.split(x, [keys], 1)[0] as NdArray);
        return attend({ query: pick(own.query), key, value }, mask(window)).mixed;
      });
      return { whole, some: rows?.spread(np.concatenate(parts as NdArray[], 1)) };
    };
    const { result } = await run<{ whole: HostArray; some: HostArray }>(fn as never, [
      heads,
      int32([1, S], segments),
      int32([1, at.length], at),
    ]);
    const size = H * G * K;
    for (const i of [...Array.from({ length: 11 }, (_, n) => 2 + n), ...at]) {
      const [a, b] = [result.whole, result.some].map(({ data }) => data.slice(i * size, (i + 1) * size));
      expect(distance(b, a), `position ${i}`).toBeLessThan(1e-5);
    }
  });

  it("are all where most are read", () => {
    const ids = np.zeros([1, S]);
    const wide = { images: [{ spans: [{ start: 1, length: 35 }], pixels: 1 }] };
    expect(someRows({ images: true }, ids, wide, () => ({}))).toBeUndefined();
  });
});
