import { describe, expect, it } from "vitest";
import { planRounds } from "../../bench/step/measure.ts";
import { flopsOf, lossSets, productsOf, shapesOf, sizesOf } from "../../bench/step/sizes.ts";

const flops = (model: "2m" | "135m", tokens: 128 | 2048, losses: keyof typeof lossSets) =>
  flopsOf(productsOf(sizesOf({ model, tokens }), lossSets[losses]));

describe("products that a step needs", () => {
  it("are those of a decoder counted by hand", () => {
    const size = { ...sizesOf({ model: "2m", tokens: 128 }), visionLayers: 0, layers: 1, rows: 1 };
    const [S, D, N, A, V] = [128, 128, 64, 16, 512];
    // Keys and values everywhere; what follows only where the answer is predicted; three products for each of the forward pass.
    const layer = 2 * S * D * D + A * (2 * D * D + 3 * D * 4 * D) + 2 * A * (S - A / 2) * D;
    const projector = N * (D * D + D * D);
    const patches = N * 588 * D;
    expect(flopsOf(productsOf(size, ["ntp"]))).toBe(2 * (3 * (layer + projector + A * V * D) + 2 * patches));
  });

  it("have no gradient of frozen words", () => {
    const trained = flopsOf(
      productsOf({ ...sizesOf({ model: "135m", tokens: 128 }), frozen: false }, ["ntp"]),
    );
    expect(trained - flops("135m", 128, "ntp")).toBe(2 * 4 * 16 * 576 * 49152);
  });

  it("grow by the lens at every layer", () => {
    const lens = flops("135m", 2048, "all") - flops("135m", 2048, "ntp+klal");
    const head = 2 * 2 * 30 * 576 * 576 * 49152;
    expect(lens).toBeGreaterThan(head);
    expect(lens).toBeLessThan(1.05 * head);
  });

  it("are put together by shape without losing any", () => {
    const products = productsOf(sizesOf({ model: "135m", tokens: 2048 }), lossSets.all);
    const shapes = shapesOf(products);
    expect(flopsOf(shapes)).toBe(flopsOf(products));
    expect(shapes.length).toBeLessThan(products.length);
    const each = shapes.map((shape) => flopsOf([shape]));
    expect(each).toEqual(each.toSorted((a, b) => b - a));
  });
});

describe("rounds", () => {
  it("are as many as fit into the time, one at least", () => {
    expect(planRounds([100, 250], { rounds: 5, seconds: 40 })).toEqual({ steps: [5, 2], rounds: 5 });
    expect(planRounds([4000, 6000], { rounds: 5, seconds: 25 })).toEqual({ steps: [1, 1], rounds: 2 });
    expect(planRounds([40000, 60000], { rounds: 5, seconds: 25 })).toEqual({ steps: [1, 1], rounds: 1 });
  });
});
