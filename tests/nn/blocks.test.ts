/** Attention in blocks of queries, which leave out keys that nobody of a block sees. */
import * as jax from "@jax-js/jax";
import { beforeAll, describe, expect, it } from "vitest";
import { type NdArray, np, valueAndGrad } from "../../src/engine/array.ts";
import { compile } from "../../src/engine/compile.ts";
import { float32, type HostArray, int32 } from "../../src/engine/host.ts";
import { simplify } from "../../src/engine/passes/simplify.ts";
import { workOf } from "../../src/engine/passes/work.ts";
import { trace } from "../../src/engine/trace.ts";
import { attend, attendBlocks, type MaskedBlock } from "../../src/nn/attention.ts";
import { MASKED } from "../../src/nn/softmax.ts";
import { type MaskOptions, queryBlocks, visibilityMask } from "../../src/nn/visibility.ts";
import { draw, gradientError } from "./gradient-check.ts";

beforeAll(async () => {
  await jax.init("cpu");
  jax.defaultDevice("cpu");
});

/** Of all pairs of S queries and keys, those that are computed. */
function share(S: number, options: MaskOptions = {}): number {
  const pairs = queryBlocks(S, options).map(({ start, stop, keys }) => (stop - start) * keys);
  return pairs.reduce((a, b) => a + b) / S ** 2;
}

describe("blocks of queries", () => {
  it("leave out most of what lies behind a query, and nothing of a short row", () => {
    expect(queryBlocks(256)).toEqual([{ start: 0, stop: 256, keys: 256 }]);
    expect(queryBlocks(300)).toEqual([
      { start: 0, stop: 150, keys: 150 },
      { start: 150, stop: 300, keys: 300 },
    ]);
    expect(share(1024)).toBe(0.625);
    expect(share(2048)).toBe(0.5625);
    expect(share(1)).toBe(1);
  });

  it("are one where nothing can be ruled out", () => {
    expect(share(2048, { visibility: "prefix" })).toBe(1);
    const blocks = [{ start: 1, length: 2000 }];
    expect(share(2048, { visibility: "image-blocks", blocks })).toBe(1);
  });

  it("go on to the end of an image that they begin", () => {
    const blocks = [{ start: 200, length: 150 }];
    const [first] = queryBlocks(1000, { visibility: "image-blocks", blocks });
    expect(first).toEqual({ start: 0, stop: 250, keys: 350 });
  });
});

const S = 600;
const segments = Array.from({ length: S }, (_, i) => {
  if (i < 350) return i > 90 && i < 100 ? -1 : 0;
  return i < 450 ? 1 : i < 460 ? -1 : 2;
});

describe("masks of blocks", () => {
  const blocks = [
    { start: 40, length: 100 },
    { start: 180, length: 130 },
  ];
  const cases: MaskOptions[] = [
    {},
    { window: 7 },
    { visibility: "image-blocks", blocks },
    { visibility: "image-blocks", blocks, window: 64 },
    { visibility: "prefix" },
  ];
  it.each(cases)("are parts of the whole mask, and hide nothing that it shows: %o", async (options) => {
    const found = queryBlocks(S, options);
    const masks = (ids: NdArray) => [
      visibilityMask(ids, options),
      ...found.map((block) => visibilityMask(ids, options, block)),
    ];
    const program = await compile<HostArray[]>(masks as never, [int32([1, S], segments)]);
    const [whole, ...parts] = await program.run(int32([1, S], segments));
    await program.dispose();
    for (const [b, { start, stop, keys }] of found.entries())
      for (let i = start; i < stop; i++) {
        const row = whole.data.slice(i * S, (i + 1) * S);
        const own = parts[b].data.slice((i - start) * keys, (i - start + 1) * keys);
        const same = own.every((x, j) => x === row[j]);
        const hidden = segments[i] < 0 || row.slice(keys).every((x) => x !== 0);
        expect({ same, hidden }, `query ${i}`).toEqual({ same: true, hidden: true });
      }
  });
});

/** Four queries in two blocks, causal. */
const two = [
  { start: 0, stop: 1, keys: 1 },
  { start: 1, stop: 4, keys: 4 },
];
const causal = ({ start, stop, keys } = { start: 0, stop: 4, keys: 4 }): NdArray =>
  np.where(np.lessEqual(np.arange(keys), np.expandDims(np.arange(start, stop), 1)), 0, MASKED);
const masked = (): MaskedBlock[] => two.map((block) => ({ ...block, mask: causal(block) }));

describe("attention in blocks", () => {
  const inputs = () => [draw([1, 4, 1, 2, 2], "q"), draw([1, 4, 1, 2], "k"), draw([1, 4, 1, 2], "v")];
  const heads = ([query, key, value]: readonly NdArray[]) => ({ query, key, value });

  it.each([undefined, { softcap: 0.7 }])("is attention under the whole mask, with %o", (rule) => {
    const whole = attend(heads(inputs()), causal(), rule);
    const blocks = attendBlocks(heads(inputs()), masked(), rule);
    for (const part of ["pattern", "mixed"] as const) {
      expect(blocks[part].shape).toEqual(whole[part].shape);
      const [a, b] = [blocks[part], whole[part]].map((x) => x.ref.dataSync());
      for (const [i, value] of a.entries()) expect(value).toBeCloseTo(b[i], 12);
    }
  });

  it("has the gradient of finite differences, of pattern and values", () => {
    const blocks = masked();
    const layer = (...given: NdArray[]) => {
      const { pattern, mixed } = attendBlocks(heads(given), blocks);
      return np.concatenate([np.reshape(np.square(pattern), [-1]), np.reshape(np.square(mixed), [-1])]);
    };
    expect(gradientError(layer, inputs())).toBeLessThan(1e-8);
  });

  it("multiplies no keys that a block does not see, forward and backward", async () => {
    const array = (...shape: number[]) => float32(shape);
    const given = { query: array(1, S, 2, 1, 8), key: array(1, S, 2, 8), value: array(1, S, 2, 8) };
    const products = async (how: (h: Parameters<typeof attend>[0]) => NdArray) => {
      const step = (h: never) =>
        valueAndGrad((x: never): [NdArray, object] => [np.sum(np.square(how(x))), {}])(h);
      const { program, constants } = await trace(step as never, [given]);
      const dots = simplify(program, constants).equations.filter(({ primitive }) => primitive === "dot");
      return dots.reduce((sum, equation) => sum + workOf(equation), 0);
    };
    const blocks = queryBlocks(S).map((block) => ({ ...block, mask: np.zeros([1]) }));
    const whole = await products((h) => attend(h, np.zeros([1])).mixed);
    expect(whole).toBe(6 * 2 * S * S * 2 * 8);
    expect(await products((h) => attendBlocks(h, blocks).mixed)).toBeCloseTo(whole * share(S), 0);
  });
});
