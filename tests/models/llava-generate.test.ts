import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HostArray } from "../../src/engine/host.ts";
import type { Generation, Generator } from "../../src/models/contract/generation.ts";
import { imageTokenCount } from "../../src/models/inputs/layout.ts";
import { llava } from "../../src/models/llava/family.ts";
import textOnly from "../fixtures/llava/text-only.json" with { type: "json" };
import { type Fixture, fixtureNames, imageStart, loadFixture, promptRows } from "./fixture.ts";

const rowsOf = ({ shape: [B, S], data }: HostArray) =>
  Array.from({ length: B }, (_, b) => [...data.slice(b * S, (b + 1) * S)]);

/** The first prompts, each with its image; `ids`: other texts for them. */
const withImages = ({ inputs, rows }: Fixture, ids: readonly (readonly number[])[]) =>
  promptRows(ids, rows, inputs.pixelValues as HostArray);

describe.each(fixtureNames)("generation with LLaVA %s", (name) => {
  let fixture: Fixture;
  let prompts: number[][];
  let expected: number[][];
  let generator: Generator<never>;
  let answers: Generation[];

  beforeAll(async () => {
    fixture = await loadFixture(name);
    prompts = rowsOf(fixture.inputs.inputIds);
    expected = rowsOf(await fixture.reference("generated"));
    generator = llava.bind(fixture.config).createGenerator({
      maxNewTokens: 8,
      eosTokenIds: [31],
      imageAttention: true,
      logProbabilities: true,
    });
    answers = await generator.generate(fixture.params as never, withImages(fixture, prompts));
  });
  afterAll(() => generator.dispose());

  it("gives transformers' greedy tokens", () => {
    expect(answers.map(({ tokens }) => tokens)).toEqual(expected);
    expect(answers.map(({ ended }) => ended)).toEqual([false, false]);
  });

  it("gives the log-probability of each token, as the logits of a whole pass do", async () => {
    const logits = await fixture.reference("logits");
    const [, S, V] = logits.shape;
    for (const [b, { tokens, logProbabilities }] of answers.entries()) {
      const last = [...(logits.data as Float32Array).slice(((b + 1) * S - 1) * V, (b + 1) * S * V)];
      const total = last.reduce((sum, logit) => sum + Math.exp(logit), 0);
      expect(logProbabilities[0]).toBeCloseTo(last[tokens[0]] - Math.log(total), 5);
      expect(logProbabilities.length).toBe(tokens.length);
    }
  });

  it("gives the attention of the predicting position on the image", async () => {
    const N = imageTokenCount(fixture.layout);
    const { numHiddenLayers: L, numAttentionHeads: H } = fixture.config.textConfig;
    const S = prompts[0].length;
    for (let layer = 0; layer < L; layer++) {
      const pattern = (await fixture.reference(`attentions.${layer}`)).data as Float32Array;
      for (const [b, { imageAttention }] of answers.entries()) {
        expect(imageAttention.map((layers) => layers.length)).toEqual(Array(8).fill(L));
        const got = imageAttention[0][layer];
        expect(got.shape).toEqual([H, N]);
        for (let h = 0; h < H; h++) {
          const start = ((b * H + h) * S + S - 1) * S + imageStart;
          const want = pattern.slice(start, start + N);
          want.forEach((x, n) => {
            expect(got.data[h * N + n]).toBeCloseTo(x, 5);
          });
        }
      }
    }
  });

  it("gives a row the same answer beside a longer one", async () => {
    const short = prompts[0].slice(0, -2);
    const [alone] = await generator.generate(fixture.params as never, withImages(fixture, [short]));
    const pair = [short, [...prompts[1], ...prompts[1].slice(-3)]];
    const [beside] = await generator.generate(fixture.params as never, withImages(fixture, pair));
    expect(beside.tokens).toEqual(alone.tokens);
    beside.logProbabilities.forEach((x, i) => {
      expect(x).toBeCloseTo(alone.logProbabilities[i], 5);
    });
  });

  it("streams the same tokens one by one, though the cache has to grow", async () => {
    const [prompt] = withImages(fixture, prompts);
    const long = llava.bind(fixture.config).createGenerator({ maxNewTokens: 70, eosTokenIds: [] });
    const [whole] = await long.generate(fixture.params as never, [prompt]);
    const streamed: number[] = [];
    const endless = { maxNewTokens: 70 };
    for await (const token of long.stream(fixture.params as never, prompt, endless)) streamed.push(token);
    expect(streamed).toEqual(whole.tokens);
    expect(streamed.length).toBe(70);
    await long.dispose();
  });

  it("lets the caller choose each token from its logits", async () => {
    const [prompt] = withImages(fixture, prompts);
    const least = (logits: Float32Array) => logits.indexOf(logits.reduce((a, b) => Math.min(a, b)));
    const streamed: number[] = [];
    const options = { maxNewTokens: 1, choose: least };
    for await (const token of generator.stream(fixture.params as never, prompt, options))
      streamed.push(token);
    const logits = (await fixture.reference("logits")).data as Float32Array;
    const [S, V] = [prompts[0].length, fixture.config.textConfig.vocabSize];
    expect(streamed).toEqual([least(logits.slice((S - 1) * V, S * V))]);
  });

  it("gives transformers' tokens for prompts without an image", async () => {
    const { imageTokenId } = fixture.config;
    const bare = (ids: readonly number[]) => ({ ids, layout: { images: [] }, images: [] });
    const text = prompts.map((prompt) => prompt.filter((id) => id !== imageTokenId));
    const spoken = await generator.generate(fixture.params as never, text.map(bare));
    expect(spoken.map(({ tokens }) => tokens)).toEqual(textOnly[name]);
    const asked = generator.generate(fixture.params as never, prompts.map(bare));
    await expect(asked).rejects.toThrow("generate: prompt must be without image tokens");
  });

  it("stops at an end token", async () => {
    const end = expected[1][2];
    const stopping = llava.bind(fixture.config).createGenerator({
      maxNewTokens: 8,
      eosTokenIds: [end],
      logProbabilities: true,
    });
    const [, answer] = await stopping.generate(fixture.params as never, withImages(fixture, prompts));
    const length = expected[1].indexOf(end) + 1;
    expect(answer.tokens).toEqual(expected[1].slice(0, length));
    expect(answer.logProbabilities.length).toBe(length);
    expect(answer.ended).toBe(true);
    expect(answer.imageAttention).toEqual([]);
    await stopping.dispose();
  });

  it("refuses prompts whose image tokens are missing or elsewhere", async () => {
    const shifted = [prompts[0], [5, ...prompts[1]]];
    const run = () => generator.generate(fixture.params as never, withImages(fixture, shifted));
    await expect(run()).rejects.toThrow("generate: prompt must be");
  });
});
