import { beforeAll, expect, it } from "vitest";
import { type NdArray, valueAndGrad } from "../../../src/engine/array.ts";
import { compile } from "../../../src/engine/compile.ts";
import type { HostArray } from "../../../src/engine/host.ts";
import { openSafetensors } from "../../../src/hub/weights/safetensors.ts";
import type { Model } from "../../../src/models/contract/family.ts";
import type { ImageLayout, ModelInputs, RowLayout } from "../../../src/models/inputs/inputs.ts";
import { unpadded } from "../../../src/models/inputs/rows.ts";
import { distance, nextTokenLoss, plainRows, promptRows } from "../fixture.ts";
import { rowsOf } from "../parity.ts";
import { type Gemma3Config, type Gemma3Params, gemma3 } from "./family.ts";

const folder = new URL("../../fixtures/gemma3/tiny/", import.meta.url).pathname;
/** Of tests/models/parity.ts. */
const tolerance = 5e-5;
/** Two images of nine tokens: the local window is five. */
const row: RowLayout = {
  images: [3, 16].map((start) => ({ spans: [{ start, length: 9 }], shape: { rows: 3, columns: 3 } })),
};

let model: Model<Gemma3Params, Gemma3Config>;
let inputs: ModelInputs<HostArray>;
let layout: ImageLayout;
let reference: (name: string) => Promise<HostArray>;
let names: readonly string[];

beforeAll(async () => {
  model = await gemma3.load(folder);
  const file = await openSafetensors(`${folder}reference.safetensors`);
  reference = (name) => file.read(name);
  names = [...file.tensors.keys()];
  const plain = plainRows(await reference("pixel_values"), await reference("input_ids"));
  ({ inputs, layout } = unpadded(model, plain, row));
});

async function expectNear(actual: HostArray, name: string): Promise<void> {
  const wanted = await reference(name);
  expect(actual.data.length, name).toBe(wanted.data.length);
  expect(distance(actual.data, wanted.data), name).toBeLessThan(tolerance);
}

it("has transformers' image tokens, hidden states, attention patterns and logits", async () => {
  const taps = ["imageFeatures", "hiddenStates", "attentions"] as const;
  const fn = (params: Gemma3Params, rows: ModelInputs) =>
    model.family.forward(params, rows, { layout, taps });
  const program = await compile<{
    logits: HostArray;
    taps: { imageFeatures: HostArray; hiddenStates: HostArray[]; attentions: HostArray[] };
  }>(fn, [model.params, inputs]);
  const found = await program.run(model.params, inputs);
  await program.dispose();
  await expectNear(found.taps.imageFeatures, "image_features");
  expect(found.taps.hiddenStates).toHaveLength(7);
  for (const [l, state] of found.taps.hiddenStates.entries()) await expectNear(state, `hidden_states.${l}`);
  expect(found.taps.attentions).toHaveLength(6);
  for (const [l, pattern] of found.taps.attentions.entries()) await expectNear(pattern, `attentions.${l}`);
  await expectNear(found.logits, "logits");
});

it("has transformers' loss and its gradient for every parameter", async () => {
  const labels = await reference("labels");
  const step = (tree: Gemma3Params, rows: ModelInputs, targets: NdArray) => {
    const loss = (params: Gemma3Params): [NdArray, object] => [
      nextTokenLoss(model.family.forward(params, rows, { layout }).logits as NdArray, targets),
      {},
    ];
    const [[value], gradients] = valueAndGrad(loss)(tree);
    return { value, gradients };
  };
  const program = await compile<{ value: HostArray; gradients: typeof model.params }>(step, [
    model.params,
    inputs,
    labels,
  ]);
  const { value, gradients } = await program.run(model.params, inputs, labels);
  await program.dispose();
  expect(value.data[0]).toBeCloseTo((await reference("loss")).data[0], 4);
  const found = model.family.toNamed(gradients);
  expect(
    Object.keys(found)
      .map((name) => `grad.${name}`)
      .sort(),
  ).toEqual(names.filter((name) => name.startsWith("grad.")).sort());
  for (const [name, gradient] of Object.entries(found)) await expectNear(gradient, `grad.${name}`);
});

it("generates transformers' tokens, from a cache whose windows move on", async () => {
  const wanted = rowsOf(await reference("generated"));
  const generator = model.family.createGenerator({ maxNewTokens: wanted[0].length, eosTokenIds: [] });
  const ids = rowsOf(await reference("input_ids"));
  const prompts = promptRows(ids, row, inputs.pixelValues as HostArray);
  const answers = await generator.generate(model.params, prompts);
  await generator.dispose();
  expect(answers.map(({ tokens }) => tokens)).toEqual(wanted);
});
