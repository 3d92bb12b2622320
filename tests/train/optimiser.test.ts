import { readFileSync } from "node:fs";
import { defaultDevice, init, numpy } from "@jax-js/jax";
import { beforeAll, expect, it } from "vitest";
import type { NdArray } from "../../src/engine/array.ts";
import { decayed, partOf } from "../../src/train/step/groups.ts";
import { adamw, clipByGlobalNorm, type Moments, stepScalars } from "../../src/train/step/optimiser.ts";
import { learningRateAt } from "../../src/train/step/schedule.ts";
import { fromNamed, mapValues, type Named, toNamed } from "../../src/train/step/trees.ts";

interface Fixture {
  shapes: Named<number[]>;
  clip: number;
  weightDecay: number;
  start: Named<number[]>;
  steps: { learningRate: number; gradients: Named<number[]>; norm: number; params: Named<number[]> }[];
}

const fixture: Fixture = JSON.parse(
  readFileSync(new URL("../fixtures/adamw/steps.json", import.meta.url), "utf8"),
);
const options = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: fixture.weightDecay };

beforeAll(async () => {
  await init("cpu");
  defaultDevice("cpu");
});

const arrays = (values: Named<number[]>): Record<string, NdArray> =>
  mapValues(values, (flat, name) => numpy.array(flat).reshape(fixture.shapes[name]));

const specs = mapValues(fixture.shapes, (shape) => ({ shape, dtype: "float32" as const }));

it("follows torch.optim.AdamW with decay groups and clipping for five steps", async () => {
  const zero = () => mapValues(fixture.shapes, (shape) => numpy.zeros(shape));
  let state: { params: Record<string, NdArray>; moments: Moments<NdArray> } = {
    params: arrays(fixture.start),
    moments: { first: zero(), second: zero() },
  };
  const matrices = decayed(specs);
  for (const [step, expected] of fixture.steps.entries()) {
    const { leaves, norm } = clipByGlobalNorm(arrays(expected.gradients), fixture.clip);
    expect((await norm.ref.data())[0]).toBeCloseTo(expected.norm, 5);
    const scalars = mapValues({ ...stepScalars(expected.learningRate, step, options) }, (x) =>
      numpy.array(x),
    );
    state = adamw(state.params, leaves, state.moments, scalars as never, {
      ...options,
      decays: (name) => matrices.has(name),
    });
    for (const [name, values] of Object.entries(expected.params)) {
      const got = await state.params[name].ref.data();
      values.forEach((value, i) => {
        expect(got[i]).toBeCloseTo(value, 5);
      });
    }
  }
});

it("decays matrices, not norms, biases or embeddings", () => {
  const spec = (...shape: number[]) => ({ shape, dtype: "float32" as const });
  const names = decayed({
    "language_model.model.layers.0.self_attn.q_proj.weight": spec(4, 4),
    "language_model.model.norm.weight": spec(4),
    "language_model.model.embed_tokens.weight": spec(9, 4),
    "vision_tower.embeddings.patch_embedding.weight": spec(4, 3, 2, 2),
    "vision_tower.embeddings.position_embedding.weight": spec(5, 4),
    "multi_modal_projector.linear_1.bias": spec(4),
  });
  expect([...names]).toEqual([
    "language_model.model.layers.0.self_attn.q_proj.weight",
    "vision_tower.embeddings.patch_embedding.weight",
  ]);
});

it("names the part of each tensor", () => {
  expect(partOf("vision_tower.embeddings.patch_embedding.weight")).toBe("vision");
  expect(partOf("multi_modal_projector.linear_2.bias")).toBe("projector");
  expect(partOf("language_model.model.embed_tokens.weight")).toBe("embeddings");
  expect(partOf("language_model.lm_head.weight")).toBe("embeddings");
  expect(partOf("language_model.model.layers.3.mlp.up_proj.weight")).toBe("decoder");
  expect(partOf("model.layers.3.mlp.up_proj.weight")).toBe("decoder");
  expect(partOf("model.norm.weight")).toBe("decoder");
  expect(partOf("model.text_model.norm.weight")).toBe("decoder");
  expect(partOf("visual.blocks.0.norm1.weight")).toBe("vision");
  expect(partOf("model.visual.deepstack_merger_list.0.norm.weight")).toBe("projector");
  expect(partOf("model.visual.merger.mlp.0.weight")).toBe("projector");
  expect(partOf("model.connector.modality_projection.proj.weight")).toBe("projector");
  expect(() => partOf("classifier.weight")).toThrow(/classifier\.weight belongs to no known part/);
});

it("warms up linearly, then follows half a cosine to the floor", () => {
  const schedule = { learningRate: 2, warmupSteps: 4, totalSteps: 14, finalShare: 0.1 };
  expect([0, 1, 3].map((step) => learningRateAt(schedule, step))).toEqual([0.5, 1, 2]);
  expect(learningRateAt(schedule, 4)).toBe(2);
  expect(learningRateAt(schedule, 9)).toBeCloseTo(2 * (0.1 + 0.9 / 2), 12);
  expect(learningRateAt(schedule, 14)).toBeCloseTo(0.2, 12);
  expect(learningRateAt(schedule, 99)).toBeCloseTo(0.2, 12);
});

it("names the leaves of a tree and puts them back", () => {
  const isLeaf = (x: unknown): x is number => typeof x === "number";
  const tree = { a: [{ w: 1 }, { w: 2 }], b: { c: 3 } };
  const named = toNamed<number>(tree, isLeaf);
  expect(named).toEqual({ "a.0.w": 1, "a.1.w": 2, "b.c": 3 });
  expect(fromNamed(tree, isLeaf, named)).toEqual(tree);
  expect(() => fromNamed(tree, isLeaf, { "a.0.w": 1 })).toThrow("no leaf named a.1.w");
});
