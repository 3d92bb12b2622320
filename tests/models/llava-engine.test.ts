import { beforeAll, describe, expect, it } from "vitest";
import { type NdArray, valueAndGrad } from "../../src/engine/array.ts";
import { compile } from "../../src/engine/compile.ts";
import type { HostArray } from "../../src/engine/host.ts";
import type { ModelInputs } from "../../src/models/inputs.ts";
import { llava } from "../../src/models/llava/family.ts";
import type { LlavaParams } from "../../src/models/llava/params.ts";
import { distance, type Fixture, fixtureNames, loadFixture, nextTokenLoss } from "./fixture.ts";

const tolerance = 1e-5;
const taps = ["visionHiddenStates", "hiddenStates", "attentions"] as const;

interface Outputs {
  readonly logits: HostArray;
  readonly taps: Record<(typeof taps)[number], readonly HostArray[]>;
}

describe.each(fixtureNames)("LLaVA %s compiled, against transformers", (name) => {
  let fixture: Fixture;
  let outputs: Outputs;

  beforeAll(async () => {
    fixture = await loadFixture(name);
    const { config, layout, params, inputs } = fixture;
    const fn = (tree: LlavaParams, rows: ModelInputs) => llava.forward(config, tree, rows, { layout, taps });
    const program = await compile<Outputs>(fn, [params, inputs]);
    outputs = await program.run(params, inputs);
    await program.dispose();
  });

  const compare = async (actual: HostArray, expected: string) => {
    const want = await fixture.reference(expected);
    expect(actual.shape, expected).toEqual(want.shape);
    expect(distance(actual.data, want.data), expected).toBeLessThan(tolerance);
  };

  it("gives the logits", () => compare(outputs.logits, "logits"));

  it.each([
    ["visionHiddenStates", "vision_hidden_states"],
    ["hiddenStates", "hidden_states"],
    ["attentions", "attentions"],
  ] as const)("gives every %s", async (tap, expected) => {
    expect(outputs.taps[tap].length).toBeGreaterThan(1);
    for (const [i, state] of outputs.taps[tap].entries()) await compare(state, `${expected}.${i}`);
  });

  it("gives the loss and its gradient for every parameter", async () => {
    const { config, layout, params, inputs, reference } = fixture;
    const labels = await reference("labels");
    const step = (tree: LlavaParams, rows: ModelInputs, targets: NdArray) => {
      const loss = (p: LlavaParams): [NdArray, object] => [
        nextTokenLoss(llava.forward(config, p, rows, { layout }).logits as NdArray, targets),
        {},
      ];
      const [[value], gradients] = valueAndGrad(loss)(tree);
      return { value, gradients };
    };
    const program = await compile<{ value: HostArray; gradients: LlavaParams<HostArray> }>(step, [
      params,
      inputs,
      labels,
    ]);
    const { value, gradients } = await program.run(params, inputs, labels);
    await program.dispose();
    expect(value.data[0]).toBeCloseTo((await reference("loss")).data[0], 5);
    for (const [name, gradient] of Object.entries(llava.toNamed(gradients)))
      await compare(gradient, `grad.${name}`);
  });
});
