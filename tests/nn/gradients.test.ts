import * as jax from "@jax-js/jax";
import { beforeAll, describe, expect, it } from "vitest";
import { np } from "../../src/engine/array.ts";
import { activate } from "../../src/nn/activation.ts";
import { attend } from "../../src/nn/attention.ts";
import { linear } from "../../src/nn/linear.ts";
import { layerNorm, rmsNorm } from "../../src/nn/norm.ts";
import { embedPatches } from "../../src/nn/patch.ts";
import { inverseFrequencies, rotaryTables, rotate } from "../../src/nn/rotary.ts";
import { logSoftmax, MASKED, softmax } from "../../src/nn/softmax.ts";
import { draw, gradientError } from "./gradient-check.ts";

beforeAll(async () => {
  await jax.init("cpu");
  jax.defaultDevice("cpu");
});

describe("gradients against finite differences in float64", () => {
  const tolerance = 1e-8;

  it.each(["silu", "quick_gelu", "gelu_pytorch_tanh"] as const)("activation %s", (name) => {
    expect(gradientError((x) => activate(name, x), [draw([2, 7], name)])).toBeLessThan(tolerance);
  });

  it("activation gelu", () => {
    // The differences see jax-js's error function, a polynomial with errors of 1e-7; the derivative is exact.
    expect(gradientError((x) => activate("gelu", x), [draw([2, 7], "gelu")])).toBeLessThan(2e-6);
  });

  it("softmax and its logarithm", () => {
    expect(gradientError(softmax, [draw([3, 5], "softmax")])).toBeLessThan(tolerance);
    expect(gradientError(logSoftmax, [draw([3, 5], "softmax")])).toBeLessThan(tolerance);
  });

  it("RMS norm", () => {
    const layer = (x: Nd, weight: Nd) => rmsNorm({ weight }, x, 1e-2);
    expect(gradientError(layer, [draw([3, 6], "x"), draw([6], "w")])).toBeLessThan(tolerance);
  });

  it("layer norm", () => {
    const layer = (x: Nd, weight: Nd, bias: Nd) => layerNorm({ weight, bias }, x, 1e-2);
    const inputs = [draw([3, 6], "x"), draw([6], "w"), draw([6], "b")];
    expect(gradientError(layer, inputs)).toBeLessThan(tolerance);
  });

  it("linear layer and patch embedding", () => {
    const dense = (x: Nd, weight: Nd, bias: Nd) => linear({ weight, bias }, x);
    const inputs = [draw([2, 3, 4], "x"), draw([5, 4], "w"), draw([5], "b")];
    expect(gradientError(dense, inputs)).toBeLessThan(tolerance);
    const kernel = [draw([3, 2, 2, 2], "kernel"), draw([1, 2, 4, 4], "pixels")];
    expect(gradientError(embedPatches, kernel)).toBeLessThan(tolerance);
  });

  it("rotary embedding", () => {
    const positions = jax.numpy.array([0, 3, 7], { dtype: jax.DType.Int32 }).reshape([1, 3]);
    const layer = (x: Nd) => rotate(x, rotaryTables(positions, inverseFrequencies(4, 100)));
    expect(gradientError(layer, [draw([1, 3, 2, 4], "x")])).toBeLessThan(tolerance);
  });

  it("grouped attention under a mask", () => {
    const mask = np.where(np.lessEqual(np.arange(3), np.expandDims(np.arange(3), 1)), 0, MASKED);
    const layer = (query: Nd, key: Nd, value: Nd) => attend({ query, key, value }, mask).mixed;
    const inputs = [draw([1, 3, 2, 2, 2], "q"), draw([1, 3, 2, 2], "k"), draw([1, 3, 2, 2], "v")];
    expect(gradientError(layer, inputs)).toBeLessThan(tolerance);
  });
});

type Nd = ReturnType<typeof draw>;
