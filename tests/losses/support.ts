import { readFileSync } from "node:fs";
import * as jax from "@jax-js/jax";
import { type NdArray, np } from "../../src/engine/array.ts";
import type { HostArray } from "../../src/engine/host.ts";
import { float32, int32 } from "../../src/engine/host.ts";
import type { Batch } from "../../src/losses/batch.ts";
import type { LossContext, QueryKind } from "../../src/losses/loss.ts";
import type { ImageLayout } from "../../src/models/inputs/inputs.ts";

/** Inputs and PyTorch's values of the losses, written by fixtures/losses/make_losses.py. */
export const fixture = JSON.parse(
  readFileSync(new URL("../fixtures/losses/losses.json", import.meta.url), "utf8"),
);
export const { B, S, D, V, N, K, C, Q, A, H, L } = fixture.sizes as Record<string, number>;
export const imageStart: number = fixture.imageStart;
export const layout: ImageLayout = {
  images: [{ spans: [{ start: imageStart, length: N }], pixels: 1 }],
};

/** Float64 arrays are exact only on jax-js's plain device. */
export async function onCpu(): Promise<void> {
  await jax.init("cpu");
  jax.defaultDevice("cpu");
}

export function f64(shape: number[], values: ArrayLike<number>): NdArray {
  return jax.numpy.array(Float64Array.from(values)).reshape(shape);
}

export function i32(shape: number[], values: ArrayLike<number>): NdArray {
  return jax.numpy.array(Int32Array.from(values)).reshape(shape);
}

export const numberOf = (x: NdArray): number => x.ref.js() as number;
export const listOf = (x: NdArray): number[] => [...(x.ref.dataSync() as Float64Array)];

const batchShapes: Partial<Record<keyof Batch, number[]>> = {
  answerPositions: [B, A],
  answerIds: [B, A],
  answerMask: [B, A],
  answerQuestions: [B, A],
  conceptIds: [B, K, C],
  conceptTokenMask: [B, K, C],
  conceptCoverage: [B, K, N],
  lastAnswerPositions: [B, Q],
  attentionTargets: [B, Q, N],
};
const whole = /Positions|Ids|Questions/;

/** What a test may change of the fixture's batch: flat values. */
export type Changes = Partial<Record<keyof Batch, number[]>>;

/** The fixture's batch, as far as losses read it, in float64. */
export function testBatch(changes: Changes = {}): Batch<NdArray> {
  const values = { ...fixture.batch, ...changes } as Record<string, number[]>;
  const entries = Object.entries(batchShapes).map(([name, shape]) => [
    name,
    (whole.test(name) ? i32 : f64)(shape, values[name]),
  ]);
  return Object.fromEntries(entries) as Batch<NdArray>;
}

/** The same in float32 in host memory, for the engine. */
export function hostBatch(changes: Changes = {}): Record<string, HostArray> {
  const values = { ...fixture.batch, ...changes } as Record<string, number[]>;
  const entries = Object.entries(batchShapes).map(([name, shape]) => [
    name,
    (whole.test(name) ? int32 : float32)(shape, values[name]),
  ]);
  return Object.fromEntries(entries) as Record<string, HostArray>;
}

/** The fixture's final norm: root mean square with ε = 1e-5 and a gain. */
export function norm(gain: NdArray): (hidden: NdArray) => NdArray {
  return (hidden) => {
    const mean = np.mean(np.square(hidden), -1, { keepdims: true });
    return np.multiply(np.divide(hidden, np.sqrt(np.add(mean, 1e-5))), gain);
  };
}

export const hiddenStates = (): NdArray[] => fixture.hidden.map((h: number[]) => f64([B, S, D], h));
export const weight = (): NdArray => f64([V, D], fixture.weight);
export const logAttention = (kind: QueryKind): NdArray[] =>
  fixture.logAttention[kind].map((a: number[]) => f64([B, H, kind === "predicting" ? A : Q, N], a));

/** A loss context over the fixture; the attention rows are those of the last answer tokens unless given. */
export function context(changes: Partial<LossContext> = {}): LossContext {
  return {
    batch: testBatch(),
    layout,
    taps: { hiddenStates: hiddenStates(), imageLogAttentionRows: logAttention("last-answer") },
    head: { norm: norm(f64([D], fixture.gain)), weight: weight() },
    ...changes,
  };
}

/** Taps whose last hidden state is `hidden` [B, S, D]. */
export function withLastHidden(hidden: NdArray): LossContext["taps"] {
  return { ...context().taps, hiddenStates: [...hiddenStates().slice(0, -1), hidden] };
}

/** The gradient of f at `at` by jax-js, flat. */
export function gradient(f: (x: NdArray) => NdArray, shape: number[], at: ArrayLike<number>): number[] {
  return listOf(jax.grad((x: NdArray) => f(x))(f64(shape, at)));
}

/**
 * The largest difference between f's gradient and central differences along three directions, in float64. (Each
 * coordinate alone is compared with PyTorch's gradient, where there is one.)
 */
export function gradientError(
  f: (x: NdArray) => NdArray,
  shape: number[],
  at: number[],
  step = 1e-5,
): number {
  const exact = gradient(f, shape, at);
  const errors = [1, 2, 3].map((seed) => {
    const direction = at.map((_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * seed));
    const moved = (by: number) =>
      numberOf(
        f(
          f64(
            shape,
            at.map((x, i) => x + by * direction[i]),
          ),
        ),
      );
    const slope = exact.reduce((sum, g, i) => sum + g * direction[i], 0);
    return Math.abs(slope - (moved(step) - moved(-step)) / (2 * step));
  });
  return Math.max(...errors);
}
