import { valueAndGrad } from "@jax-js/jax";
import { beforeAll, describe, expect, it } from "vitest";
import type { NdArray } from "../../src/engine/array.ts";
import { float32, type HostArray, int32 } from "../../src/engine/host.ts";
import type { Batch } from "../../src/losses/batch.ts";
import { contrastive } from "../../src/losses/contrastive.ts";
import { totalLoss, weigh } from "../../src/losses/total.ts";
import { expectSame } from "../engine/differential.ts";
import * as t from "./support.ts";

beforeAll(t.onCpu);

const given = t.fixture.contrastive;
const { B, N, A } = given.sizes as Record<"B" | "N" | "A", number>;
const { D } = t;
const layout = { images: [{ spans: [{ start: 0, length: N }], pixels: 1 }] };
const forms = ["softmax", "sigmoid"] as const;
type Form = (typeof forms)[number];
const names = ["features", "textStates", "logScale", "bias"] as const;
const shapes = { features: [B, N, D], textStates: [B, A, D], logScale: [], bias: [] };
type Inputs = Readonly<Record<(typeof names)[number], NdArray>>;

const flatOf = (name: keyof Inputs): number[] => [given[name]].flat();
const inputs = (changes: Partial<Inputs> = {}): Inputs => {
  const own = names.map((name) => [name, t.f64(shapes[name], flatOf(name))]);
  return { ...(Object.fromEntries(own) as Inputs), ...changes };
};

/** The loss of the fixture's rows, in the order of `rows`, with these inputs. */
function compute(
  form: Form,
  { features, textStates, logScale, bias }: Inputs,
  answerMask = given.answerMask,
) {
  const batch = {
    answerMask: t.f64([B, A], answerMask),
    segmentIds: t.i32([B, N], given.segmentIds),
  } as Batch<NdArray>;
  return contrastive.compute(
    {
      batch,
      layout,
      taps: { imageFeatures: features, textStates },
      head: { norm: t.norm(t.f64([D], t.fixture.gain)), weight: t.weight() },
      params: { logScale, bias },
    },
    contrastive.options.parse({ form }),
  );
}

const value = (form: Form, changes: Partial<Inputs> = {}, answerMask?: number[]) =>
  t.numberOf(compute(form, inputs(changes), answerMask).loss);

/** [X, Y, D] flat, with the first axis in another order. */
const reordered = (values: number[], order: readonly number[]) =>
  order.flatMap((b) => values.slice((b * values.length) / B, ((b + 1) * values.length) / B));

describe.each(forms)("%s", (form) => {
  it("is PyTorch's value, with PyTorch's gradients", () => {
    const expected = given[form] as { value: number; gradients: number[][] };
    expect(value(form)).toBeCloseTo(expected.value, 9);
    for (const [i, gradient] of expected.gradients.entries()) {
      const f = (x: NdArray) => compute(form, inputs({ [names[i]]: x })).loss;
      t.gradient(f, shapes[names[i]], flatOf(names[i])).forEach((g, k) => {
        expect(g, `${names[i]} ${k}`).toBeCloseTo(gradient[k], 9);
      });
    }
  });

  it.each(["features", "textStates"] as const)("has the gradient of finite differences in %s", (name) => {
    const f = (x: NdArray) => compute(form, inputs({ [name]: x })).loss;
    expect(t.gradientError(f, shapes[name], flatOf(name))).toBeLessThan(1e-8);
  });

  it("is 0 with a gradient of 0 where no row has a text", () => {
    const none = new Array(B * A).fill(0);
    expect(value(form, {}, none)).toBeCloseTo(0, 12);
    const f = (x: NdArray) => compute(form, inputs({ features: x }), none).loss;
    expect(t.gradient(f, shapes.features, given.features).every((g) => Math.abs(g) < 1e-12)).toBe(true);
  });

  it("stays finite where all rows have a text of full length", () => {
    expect(Number.isFinite(value(form, {}, new Array(B * A).fill(1)))).toBe(true);
  });

  it("does not see padding, nor rows without a text", () => {
    const features = given.features.map((x: number, i: number) =>
      given.segmentIds[Math.floor(i / D)] < 0 || Math.floor(i / (N * D)) === 2 ? 9 : x,
    );
    const textStates = given.textStates.map((x: number, i: number) =>
      given.answerMask[Math.floor(i / D)] === 0 ? 9 : x,
    );
    const changed = {
      features: t.f64(shapes.features, features),
      textStates: t.f64(shapes.textStates, textStates),
    };
    expect(value(form, changed)).toBeCloseTo(given[form].value, 9);
  });

  it("is larger where texts stand beside the wrong pictures, and says how many were found", () => {
    const text = [0, 1, 3].map((b) => given.features.slice(b * N * D, b * N * D + D));
    const own = [text[0], text[1], text[0], text[2]].flat();
    const spread = (states: number[]) =>
      t.f64(
        [B, A, D],
        [0, 1, 2, 3].flatMap((b) => [0, 1, 2].flatMap(() => states.slice(b * D, (b + 1) * D))),
      );
    const features = t.f64(
      [B, N, D],
      [0, 1, 2, 3].flatMap((b) => [0, 1, 2].flatMap(() => own.slice(b * D, (b + 1) * D))),
    );
    const right = compute(form, inputs({ features, textStates: spread(own) }));
    const wrong = compute(form, inputs({ features, textStates: spread(reordered(own, [1, 3, 2, 0])) }));
    expect(t.numberOf(right.loss)).toBeLessThan(t.numberOf(wrong.loss));
    expect(t.numberOf(right.parts?.textFound as NdArray)).toBe(1);
    expect(t.numberOf(wrong.parts?.pictureFound as NdArray)).toBe(0);
  });

  it("gives on the engine what jax-js gives, value and gradients, its own parameters among them", async () => {
    const weighted = weigh(contrastive, 1, { form });
    const gain = float32([D], t.fixture.gain);
    const loss = (x: Inputs, batch: Batch<NdArray>, scale: NdArray) =>
      totalLoss([weighted], {
        batch,
        layout,
        taps: { imageFeatures: x.features, textStates: x.textStates },
        head: { norm: t.norm(scale), weight: scale },
        params: {
          "losses.contrastive.logScale": x.logScale,
          "losses.contrastive.bias": x.bias,
          other: x.bias,
        },
      }).loss;
    const own = Object.fromEntries(names.map((name) => [name, float32(shapes[name], flatOf(name))]));
    const batch: Record<string, HostArray> = {
      answerMask: float32([B, A], given.answerMask),
      segmentIds: int32([B, N], given.segmentIds),
    };
    await expectSame(valueAndGrad(loss as never), [own, batch, gain] as never);
  });
});

it("starts its temperature, and the bias where there is one, as the options say", () => {
  const softmax = weigh(contrastive, 1, { temperature: 0.05 }).params;
  expect(Object.keys(softmax)).toEqual(["losses.contrastive.logScale"]);
  expect(softmax["losses.contrastive.logScale"].init).toEqual({ kind: "constant", value: Math.log(20) });
  expect(Object.keys(weigh(contrastive, 1, { form: "sigmoid" }).params)).toHaveLength(2);
});

it("multiplies cosines by at most 100", () => {
  const parts = (logScale: number) => compute("softmax", inputs({ logScale: t.f64([], [logScale]) })).parts;
  expect(t.numberOf(parts(9)?.scale as NdArray)).toBeCloseTo(100, 9);
  expect(t.numberOf(parts(1)?.scale as NdArray)).toBeCloseTo(Math.E, 9);
});
