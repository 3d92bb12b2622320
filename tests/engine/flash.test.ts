import { describe, expect, it } from "vitest";
import { type NdArray, nn, np, valueAndGrad } from "../../src/engine/array.ts";
import type { HostArray } from "../../src/engine/host.ts";
import { float32 } from "../../src/engine/host.ts";
import { markPassing } from "../../src/engine/lower/flash-attention.ts";
import { lower } from "../../src/engine/lower/lower.ts";
import { foldScalars } from "../../src/engine/passes/fold-scalars.ts";
import { fuse } from "../../src/engine/passes/fuse.ts";
import { simplify } from "../../src/engine/passes/simplify.ts";
import { trace } from "../../src/engine/trace.ts";
import { attend } from "../../src/nn/attention.ts";
import { attentions } from "./cases.ts";
import { expectCase, expectSame, ramp } from "./differential.ts";

const array = (...shape: number[]) =>
  float32(
    shape,
    ramp(shape.reduce((a, b) => a * b)).map((x) => 3 * x),
  );
const mixed = (query: NdArray, key: NdArray, value: NdArray) => attend({ query, key, value }).mixed;

async function operations(fn: unknown, args: readonly HostArray[]): Promise<string[]> {
  const { program, constants } = await trace(fn as never, args);
  const { nodes } = lower(markPassing(fuse(foldScalars(simplify(program, constants)))));
  return nodes.map(({ op }) => op).filter((op) => !/^(Reshape|Transpose|Mul)$/.test(op));
}

describe("attention whose pattern nobody reads", () => {
  for (const one of attentions)
    it(one.name, async () => {
      await expectCase(one);
      expect(await operations(one.fn, one.args as HostArray[])).toEqual(["MultiHeadAttention"]);
    });
});

describe("attention that stays as it is", () => {
  const args = [array(1, 130, 2, 1, 4), array(1, 130, 2, 4), array(1, 130, 2, 4)];

  it("where the pattern is read", async () => {
    const both = (query: NdArray, key: NdArray, value: NdArray) => attend({ query, key, value });
    expect(await operations(both, args)).not.toContain("MultiHeadAttention");
    const loss = ({ x }: { x: NdArray }): [NdArray, object] => [
      np.sum(np.square(attend({ query: np.expandDims(x, 3), key: x, value: x }).mixed)),
      {},
    ];
    expect(await operations(valueAndGrad(loss), [{ x: args[1] } as never])).not.toContain(
      "MultiHeadAttention",
    );
  });

  it("where a mask lies on the scores, and where it is small", async () => {
    const mask = array(1, 1, 1, 130, 130);
    const masked = (query: NdArray, key: NdArray, value: NdArray, m: NdArray) =>
      attend({ query, key, value }, m).mixed;
    await expectSame(masked, [...args, mask], 2e-5, "wasm");
    expect(await operations(masked, [...args, mask])).not.toContain("MultiHeadAttention");
    const small = [array(1, 9, 2, 1, 4), array(1, 9, 2, 4), array(1, 9, 2, 4)];
    expect(await operations(mixed, small)).not.toContain("MultiHeadAttention");
  });

  it("where a softmax is not of a product", async () => {
    const fn = (x: NdArray, v: NdArray) => np.matmul(nn.softmax(x, -1), v);
    await expectSame(fn, [array(2, 130, 130), array(2, 130, 4)], 2e-5, "wasm");
    expect(await operations(fn, [array(2, 130, 130), array(2, 130, 4)])).not.toContain("MultiHeadAttention");
  });
});
