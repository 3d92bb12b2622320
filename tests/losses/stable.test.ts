import { beforeEach, describe, expect, it } from "vitest";
import { type NdArray, np } from "../../src/engine/array.ts";
import { compile } from "../../src/engine/compile.ts";
import { float32, type HostArray } from "../../src/engine/host.ts";
import { LARGEST_LOG_PROBABILITY, log1mexp } from "../../src/losses/stable.ts";
import { logSumExpLogits } from "../../src/losses/vocabulary.ts";
import * as t from "./support.ts";

beforeEach(t.onCpu); // Compiling chooses another device.

// mpmath with 40 digits: nstr(log(1 - exp(mpf(x))), 16).
const exact: [x: number, value: number][] = [
  [-1e-4, -9.210390371559516],
  [-0.01, -4.610166019324897],
  [-0.5, -0.9327521295671886],
  [-0.7, -0.6863410028083851],
  [-3, -0.05106918094270159],
  [-20, -2.061153624562735e-9],
  [-50, -1.9287498479639178e-22],
];
const xs = exact.map(([x]) => x);
const size = [xs.length];

describe("log(1 - exp(x))", () => {
  it("keeps its digits at both ends, in float64", () => {
    t.listOf(log1mexp(t.f64(size, xs))).forEach((value, i) => {
      expect(value / exact[i][1]).toBeCloseTo(1, 9);
    });
  });

  it("keeps those of float32 on the engine", async () => {
    const program = await compile<HostArray>(log1mexp as never, [float32(size, xs)]);
    const { data } = await program.run(float32(size, xs));
    await program.dispose();
    [...data].forEach((value, i) => {
      expect(value / exact[i][1]).toBeCloseTo(1, 5);
    });
  });

  it("has the slope -exp(x) / (1 - exp(x))", () => {
    t.gradient(log1mexpSum, size, xs).forEach((slope, i) => {
      expect(slope * (Math.exp(-xs[i]) - 1)).toBeCloseTo(-1, 9);
    });
  });

  it("stays where float32 cannot tell x from 0, and still has a slope there", () => {
    const limit = Math.log(-Math.expm1(LARGEST_LOG_PROBABILITY));
    expect(t.listOf(log1mexp(t.f64([2], [0, -1e-9])))).toEqual([
      expect.closeTo(limit, 9),
      expect.closeTo(limit, 9),
    ]);
    for (const slope of t.gradient(log1mexpSum, [2], [0, -1e-9])) expect(slope).toBeCloseTo(-99999.5, 1);
  });
});

function log1mexpSum(x: Parameters<typeof log1mexp>[0]) {
  return log1mexp(x).sum();
}

it("log-sum-exp over the vocabulary does not overflow", () => {
  // Logits 1000, 0 and -1000: log(e^1000 + 1 + e^-1000) = 1000.
  const value = logSumExpLogits(t.f64([1, 1], [1]), { weight: t.f64([3, 1], [1000, 0, -1000]) });
  expect(t.listOf(value)).toEqual([1000]);
});

describe("log-sum-exp over the vocabulary in blocks of rows", () => {
  const [B, N, D, V] = [2, 7, 3, 5];
  const values = (count: number, from: number) =>
    Array.from({ length: count }, (_, i) => Math.sin(from + 2.4 * i));
  const [xs, ws] = [values(B * N * D, 1), values(V * D, 2)];
  const weighted = (y: NdArray) => np.sum(np.multiply(y, t.f64([B, N], values(B * N, 3))));
  const inRows = (xFixed: boolean, rows: number, softcap?: number) =>
    xFixed
      ? t.gradient(
          (w) => weighted(logSumExpLogits(t.f64([B, N, D], xs), { weight: w, softcap }, rows)),
          [V, D],
          ws,
        )
      : t.gradient(
          (x) => weighted(logSumExpLogits(x, { weight: t.f64([V, D], ws), softcap }, rows)),
          [B, N, D],
          xs,
        );

  it.each([{ rows: 1 }, { rows: 3 }, { rows: 6 }, { rows: 3, softcap: 0.7 }])(
    "is that of one block, with its gradients: %o",
    ({ rows, softcap }: { rows: number; softcap?: number }) => {
      const of = (r: number) =>
        t.listOf(logSumExpLogits(t.f64([B, N, D], xs), { weight: t.f64([V, D], ws), softcap }, r));
      const close = (got: number[], want: number[]) => {
        expect(got).toHaveLength(want.length);
        got.forEach((x, i) => {
          expect(x).toBeCloseTo(want[i], 12);
        });
      };
      close(of(rows), of(N));
      for (const xFixed of [false, true]) close(inRows(xFixed, rows, softcap), inRows(xFixed, N, softcap));
    },
  );

  it("has the slopes of capped logits", () => {
    const softcap = 0.7;
    const sum = (x: NdArray, w: NdArray) => weighted(logSumExpLogits(x, { weight: w, softcap }));
    const ofX = t.gradientError((x) => sum(x, t.f64([V, D], ws)), [B, N, D], xs);
    const ofW = t.gradientError((w) => sum(t.f64([B, N, D], xs), w), [V, D], ws);
    expect(Math.max(ofX, ofW)).toBeLessThan(1e-8);
  });
});
