import { describe, expect, it } from "vitest";
import { float32, sizeOf } from "../../src/engine/host.ts";
import { apart, endToEnd, gathered, joined, leavesOf } from "../../src/train/step/end-to-end.ts";

const shapes = { a: [3, 5], norm: [7], large: [300, 300], b: [16], c: [1], scalar: [] };
const leaves = Object.fromEntries(
  Object.entries(shapes).map(([name, shape], i) => [
    name,
    float32(
      shape,
      Array.from({ length: sizeOf(shape) }, (_, j) => 1000 * i + j),
    ),
  ]),
);
const kind = (name: string) => (name === "norm" ? "kept" : "decayed");

describe("small leaves end to end", () => {
  const blocks = endToEnd(leaves, kind);
  const made = joined(blocks, leaves);

  it("joins those of a kind, and gives every leaf back in its order", () => {
    expect(Object.keys(made).sort()).toEqual(["joined decayed 0", "joined kept 0", "large"]);
    expect(made["joined decayed 0"].shape).toEqual([64]);
    expect(leavesOf(blocks, made)).toEqual(leaves);
    expect(Object.keys(leavesOf(blocks, made))).toEqual(Object.keys(leaves));
  });

  it("shows a leaf where its block lies, and takes a large one as it is", () => {
    const views = leavesOf(blocks, made);
    views.b.data[3] = 42;
    expect(leavesOf(blocks, made).b.data[3]).toBe(42);
    expect(views.large).toBe(leaves.large);
  });

  it("begins a new block where one is full", () => {
    const many = Object.fromEntries(
      Array.from({ length: 10 }, (_, i) => [`w${i}`, { shape: [2 ** 16], dtype: "float32" as const }]),
    );
    expect(endToEnd(many, () => "all").sizes).toEqual({
      "joined all 0": 2 ** 18,
      "joined all 1": 2 ** 18,
      "joined all 2": 2 ** 17,
    });
  });

  it("gathers leaves that lie elsewhere, and moves none that lie there", () => {
    const places = endToEnd(leaves, kind);
    const target = joined(places, leaves);
    const others = Object.fromEntries(
      Object.entries(leaves).map(([name, leaf]) => [
        name,
        { ...leaf, data: (leaf.data as Float32Array).map((x) => -x) },
      ]),
    );
    const moved = gathered(places, target, others);
    expect(leavesOf(places, moved)).toEqual(others);
    expect(gathered(places, moved, leavesOf(places, moved))).toEqual(moved);
  });

  it("leaves all apart where it is asked to", () => {
    const single = apart(leaves);
    expect(joined(single, leaves)).toEqual(leaves);
    expect(leavesOf(single, leaves)).toEqual(leaves);
  });
});
