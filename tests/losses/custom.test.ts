import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { loss } from "../../examples/custom-loss/attention-entropy.ts";
import type { NdArray } from "../../src/engine/array.ts";
import { lossesSchema } from "../../src/losses/registry.ts";
import { chosenLosses, totalLoss, totalNeeds } from "../../src/losses/total.ts";
import { customLosses } from "../../src/train/run/custom-losses.ts";
import * as t from "./support.ts";

beforeAll(t.onCpu);

const { B, H, A, N, V, D } = t;
const folder = new URL("../../examples/custom-loss/", import.meta.url).pathname;
const lossesOf = async (custom: object[], from = folder) => {
  const config = lossesSchema.parse({ custom });
  return [...chosenLosses(config), ...(await customLosses(config.custom, from))];
};
const context = (rows: NdArray) =>
  t.context({
    taps: { hiddenStates: t.hiddenStates(), imageLogAttentionRows: [rows] },
    head: { ...t.context().head, weight: t.f64([V, D], new Float64Array(V * D)) },
  });
const uniform = () => t.f64([B, H, A, N], new Float64Array(B * H * A * N).fill(-Math.log(N)));

describe("the example's loss", () => {
  it("joins a training run by a line in its config", async () => {
    const chosen = await lossesOf([{ module: "./attention-entropy.ts", weight: 0.5 }]);
    expect(totalNeeds(chosen)).toEqual({
      taps: ["hiddenStates", "imageLogAttentionRows"],
      queries: ["predicting"],
    });
    const { loss: total, parts } = totalLoss(chosen, context(uniform()));
    // Every token has p = 1/7, attention is even over 5 patches: log 7 + 0.5 · log 5 / 7.
    expect(t.numberOf(total)).toBeCloseTo(Math.log(7) + (0.5 * Math.log(5)) / 7, 12);
    expect(t.numberOf(parts["attention-entropy.entropy"])).toBeCloseTo(Math.log(5), 12);
    expect(t.numberOf(parts["attention-entropy.confidence"])).toBeCloseTo(1 / 7, 12);
  });

  it.each(["mean", "each"] as const)("has the gradient of finite differences (heads: %s)", (heads) => {
    const f = (rows: NdArray) => loss.compute(context(rows), { heads }).loss;
    const rows = t.fixture.logAttention.predicting[0] as number[];
    expect(t.gradientError(f, [B, H, A, N], rows)).toBeLessThan(1e-8);
  });
});

describe("a mistake in a custom loss is named", () => {
  it.each([
    { module: "./nowhere.ts" },
    { module: "./attention-entropy.ts", options: { heads: "none" } },
    { module: "./attention-entropy.ts", options: { depth: 3 } },
  ])("%o", async (custom) => {
    const error: Error = await lossesOf([custom]).catch((thrown) => thrown);
    expect(error.message.replace(folder, "FOLDER")).toMatchSnapshot();
  });

  it.each([
    ["a module without a loss", "export const other = 1;"],
    ["a module that throws", "throw new Error('on purpose');"],
  ])("%s", async (_, source) => {
    const made = await mkdtemp(join(tmpdir(), "fovea-"));
    await writeFile(join(made, "made.mjs"), source);
    await expect(lossesOf([{ module: "made.mjs" }], made)).rejects.toThrowErrorMatchingSnapshot();
  });
});
