import * as jax from "@jax-js/jax";
import { beforeAll, describe, expect, it } from "vitest";
import type { NdArray } from "../../src/engine/array.ts";
import type { ForwardResult } from "../../src/models/contract/family.ts";
import { llava } from "../../src/models/llava/family.ts";
import { tensorName } from "../../src/models/llava/names.ts";
import type { LlavaParams } from "../../src/models/llava/params.ts";
import { mapTree } from "../../src/nn/init.ts";
import { distanceFrom, type Fixture, fixtureNames, loadFixture, nextTokenLoss, toJax } from "./fixture.ts";

const tolerance = 1e-5;
const taps = [
  "patchEmbeddings",
  "visionHiddenStates",
  "imageFeatures",
  "hiddenStates",
  "attentions",
] as const;

beforeAll(async () => {
  await jax.init("cpu");
  jax.defaultDevice("cpu");
});

describe.each(fixtureNames)("LLaVA %s against transformers", (name) => {
  let fixture: Fixture;
  let result: ForwardResult<(typeof taps)[number]>;

  beforeAll(async () => {
    fixture = await loadFixture(name);
    const { config, layout } = fixture;
    result = llava.bind(config).forward(toJax(fixture.params), toJax(fixture.inputs), { layout, taps });
  });

  const compare = async (actual: NdArray, expected: string) =>
    expect(distanceFrom(actual, await fixture.reference(expected)), expected).toBeLessThan(tolerance);

  it("embeds patches and projects image tokens", async () => {
    await compare(result.taps.patchEmbeddings, "patch_embeddings");
    await compare(result.taps.imageFeatures, "image_features");
  });

  it("gives every hidden state of the vision tower", async () => {
    const states = result.taps.visionHiddenStates;
    expect(states.length).toBe(fixture.config.visionConfig.numHiddenLayers + 1);
    for (const [i, state] of states.entries()) await compare(state, `vision_hidden_states.${i}`);
  });

  it("gives every hidden state of the decoder", async () => {
    const states = result.taps.hiddenStates;
    expect(states.length).toBe(fixture.config.textConfig.numHiddenLayers + 1);
    for (const [i, state] of states.entries()) await compare(state, `hidden_states.${i}`);
  });

  it("gives every attention pattern", async () => {
    for (const [i, pattern] of result.taps.attentions.entries()) await compare(pattern, `attentions.${i}`);
  });

  it("gives the logits", () => compare(result.logits as NdArray, "logits"));

  it("gives the loss and its gradient for every parameter", async () => {
    const { config, layout, params, inputs, reference } = fixture;
    const rows = toJax(inputs);
    const labels = toJax(await reference("labels")) as unknown as NdArray;
    const loss = (tree: LlavaParams) =>
      nextTokenLoss(llava.bind(config).forward(tree, rows, { layout }).logits as NdArray, labels);
    const [value, gradients] = valueAndGradient(loss)(toJax(params));
    expect(value.item()).toBeCloseTo((await reference("loss")).data[0], 5);
    const checks: [string, NdArray][] = [];
    mapTree(gradients, isArray, (gradient, path) => checks.push([`grad.${tensorName(path)}`, gradient]));
    expect(checks.length).toBeGreaterThan(40);
    for (const [expected, gradient] of checks) await compare(gradient, expected);
  });
});

const valueAndGradient = jax.valueAndGrad as unknown as (
  loss: (params: LlavaParams) => NdArray,
) => (params: LlavaParams) => [NdArray, LlavaParams];
const isArray = (x: unknown): x is NdArray => x instanceof jax.Array;
