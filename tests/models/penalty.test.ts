import { expect, it } from "vitest";
import type { HostArray } from "../../src/engine/host.ts";
import { penalised } from "../../src/models/generate/generate.ts";
import expected from "../fixtures/models/penalty.json" with { type: "json" };
import { promptRows } from "./fixture.ts";
import { loadParity, rowsOf } from "./parity.ts";

it.each(Object.entries(expected))(
  "repetition_penalty %s gives transformers' tokens",
  async (penalty, tokens) => {
    const { family, params, rows, inputs, prompts } = await loadParity("llava/clip-mistral");
    const options = { maxNewTokens: 12, eosTokenIds: [], repetitionPenalty: Number(penalty) };
    const generator = family.createGenerator(options);
    const asked = promptRows(rowsOf(prompts), rows, inputs.pixelValues as HostArray, family.pixels);
    const answers = await generator.generate(params, asked);
    expect(answers.map((answer) => answer.tokens)).toEqual(tokens);
    const streamed: number[] = [];
    for await (const token of generator.stream(params, asked[0], { maxNewTokens: 12 })) streamed.push(token);
    expect(streamed).toEqual(tokens[0]);
    await generator.dispose();
  },
);

it("divides logits above 0 and multiplies those below, of seen tokens alone", () => {
  const logits = Float32Array.from([2, -2, 3, 0]);
  expect([...penalised(logits, [0, 1, 3], 2)]).toEqual([1, -4, 3, 0]);
  expect([...logits]).toEqual([2, -2, 3, 0]);
});
