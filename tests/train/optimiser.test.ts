import { readFileSync } from "node:fs";
import { defaultDevice, init, numpy } from "@jax-js/jax";
import { beforeAll, expect, it } from "vitest";
import { mapValues } from "../../src/common/map-values.ts";
import type { NdArray } from "../../src/engine/array.ts";
import { adamw, clipScale, globalNorm, type Moments, stepScalars } from "../../src/train/step/optimiser.ts";
import { learningRateAt } from "../../src/train/step/schedule.ts";
import { fromNamed, type Named, toNamed } from "../../src/train/step/trees.ts";

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

it("follows torch.optim.AdamW with decay groups and clipping for five steps", async () => {
  const zero = () => mapValues(fixture.shapes, (shape) => numpy.zeros(shape));
  let state: { params: Record<string, NdArray>; moments: Moments<NdArray> } = {
    params: arrays(fixture.start),
    moments: { first: zero(), second: zero() },
  };
  for (const [step, expected] of fixture.steps.entries()) {
    const [norm] = await globalNorm(arrays(expected.gradients)).data();
    expect(norm).toBeCloseTo(expected.norm, 5);
    const numbers = stepScalars(expected.learningRate, step, options, clipScale(norm, fixture.clip));
    const scalars = mapValues({ ...numbers }, (x) => numpy.array(x));
    state = adamw(state.params, arrays(expected.gradients), state.moments, scalars as never, {
      ...options,
      decays: (name) => name === "linear.weight",
    });
    for (const [name, values] of Object.entries(expected.params)) {
      const got = await state.params[name].ref.data();
      values.forEach((value, i) => {
        expect(got[i]).toBeCloseTo(value, 5);
      });
    }
  }
});

it("moves nothing at a learning rate of 0, and its scalars are finite in float32", async () => {
  const scalars = stepScalars(0, 0, options);
  for (const value of Object.values(scalars))
    expect(Math.fround(value)).toBeLessThan(Number.POSITIVE_INFINITY);
  const start = [1, -2, 3e-4];
  const array = (values: number[]) => ({ w: numpy.array(values) });
  const { params } = adamw(
    array(start),
    array([5, 0, 1e-9]),
    { first: array([0, 0, 0]), second: array([0, 0, 0]) },
    mapValues({ ...scalars }, (x) => numpy.array(x)) as never,
    { ...options, decays: () => true },
  );
  expect([...(await params.w.data())]).toEqual(start.map(Math.fround));
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
