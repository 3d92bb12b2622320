import { expect, test } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import { type HostArray, int32 } from "../../src/engine/host.ts";
import { attentionMaps } from "../../src/lens/attention.ts";
import { lensMaps } from "../../src/lens/logit-lens.ts";
import { conceptLens } from "../../src/lens/traced.ts";
import type { PromptRows } from "../../src/models/contract/generation.ts";
import { imageSpans } from "../../src/models/inputs/layout.ts";
import { unpadded } from "../../src/models/inputs/rows.ts";
import { answerText } from "../../src/vlm/answer.ts";
import { promptFor, promptOf, promptRow } from "../../src/vlm/prompt.ts";
import { testPicture, tinyModel } from "./tiny-model.ts";

const model = tinyModel();
const picture = testPicture();
const prompt = promptOf(model, picture);
const [{ start: imageStart, length: imageTokens }] = imageSpans(prompt.layout);
const end = model.chat.tokenizer.special.eos as number;

/** One plain prompt, no packing: the reference. */
async function forwardWhole(ids: readonly number[], taps: readonly string[]) {
  const S = ids.length;
  const plain = {
    pixelValues: prompt.image.pixelValues,
    inputIds: int32([1, S], ids),
    positionIds: int32([1, S], Array.from(ids.keys())),
    segmentIds: int32([1, S]),
  };
  const { inputs, layout } = unpadded(model, plain, prompt.layout);
  const fn = (params: never, x: never) => model.family.forward(params, x, { layout, taps: taps as never });
  const program = await compile<{ logits: HostArray; taps: Record<string, HostArray[]> }>(fn as never, [
    model.params,
    inputs,
  ]);
  return { layout, ...(await program.run(model.params, inputs)) };
}

function softmax(row: ArrayLike<number>): number[] {
  const exp = Array.from(row, Math.exp);
  const total = exp.reduce((a, b) => a + b);
  return exp.map((value) => value / total);
}

test("at the last layer the lens is the softmax of the model's own logits at the image tokens", async () => {
  const { prefix } = prompt;
  const { logits } = await forwardWhole(prefix, ["hiddenStates"]);
  const V = logits.shape[2];
  const lens = await lensMaps(model, picture, ["cat", "big cat"], { topK: 3 });
  expect(lens.layers.map(({ layer }) => layer)).toEqual([0, 1, 2]);
  const [cat, big] = ["cat", "big"].map((word) => model.chat.tokenizer.tokenId(word) as number);
  for (let n = 0; n < imageTokens; n++) {
    const at = (imageStart + n) * V;
    const p = softmax(logits.data.subarray(at, at + V));
    const { maps, words } = lens.layers[2];
    expect(maps[0][n]).toBeCloseTo(p[cat], 6);
    expect(maps[1][n]).toBeCloseTo(Math.sqrt(p[cat] * p[big]), 6); // mean of log-probabilities
    expect(words[n][0].probability).toBeCloseTo(Math.max(...p), 6);
    expect(words[n]).toHaveLength(3);
  }
});

test("the spaces of one map agree: logit, log-probability, probability and rank", async () => {
  const read = async (space: "logit" | "log-probability" | "probability" | "rank") =>
    (await lensMaps(model, picture, ["dog"], { space })).layers[1].maps[0];
  const [logit, log, probability, rank] = [
    await read("logit"),
    await read("log-probability"),
    await read("probability"),
    await read("rank"),
  ];
  const lens = await lensMaps(model, picture, [], { topK: model.facts.vocabSize });
  lens.layers[1].words.forEach((words, n) => {
    expect(Math.exp(log[n])).toBeCloseTo(probability[n], 6);
    expect(logit[n]).toBeGreaterThan(log[n]);
    expect(words.findIndex(({ token }) => token === "dog") + 1).toBe(rank[n]);
  });
});

test("of a word of several tokens the first or the best can be taken", async () => {
  const map = async (word: string, tokens: "mean" | "first" | "max") =>
    (await lensMaps(model, picture, [word], { tokens })).layers[2].maps[0];
  const [cat, big] = [await map("cat", "mean"), await map("big", "mean")];
  const [first, best] = [await map("big cat", "first"), await map("big cat", "max")];
  for (const [n, value] of big.entries()) {
    expect(first[n]).toBeCloseTo(value, 7);
    expect(best[n]).toBeCloseTo(Math.max(cat[n], value), 7);
  }
});

test("without the final norm the map is another", async () => {
  const bare = await lensMaps(model, picture, ["cat"], { norm: false, space: "logit" });
  const normed = await lensMaps(model, picture, ["cat"], { space: "logit" });
  expect(bare.layers[2].maps[0]).not.toEqual(normed.layers[2].maps[0]);
});

test("a concept that the vocabulary lacks is a user's mistake with a name", async () => {
  await expect(lensMaps(model, picture, ["zebra"])).rejects.toThrow(
    'lens: concept must be made of words that tiny knows, got "zebra"',
  );
});

test("greedy answers to questions that share a row are those without a cache, token by token", async () => {
  const questions = ["what is it ?", "where is the cat ?", "is it red ?"];
  const { image } = prompt;
  const rows = questions.map((question) => promptRow(promptFor(model, image, question)));
  const generator = model.family.createGenerator({ maxNewTokens: 4, eosTokenIds: [end] });
  const answers = await generator.generate(model.params, rows);
  for (const [q, { tokens, ended }] of answers.entries()) {
    const ids = [...rows[q].ids];
    for (const id of tokens) {
      expect(await greedyNext(ids)).toBe(id);
      ids.push(id);
    }
    expect(ended || tokens.length === 4).toBe(true);
  }
});

async function greedyNext(ids: readonly number[]): Promise<number> {
  const { logits } = await forwardWhole(ids, ["hiddenStates"]);
  const V = logits.shape[2];
  const row = Array.from(logits.data.subarray((ids.length - 1) * V, ids.length * V));
  return row.indexOf(Math.max(...row));
}

test("attention maps are the model's own attention, image columns renormalised", async () => {
  const result = await attentionMaps(model, picture, "where is the cat ?", { maxNewTokens: 3 });
  expect(result.tokens.length).toBeGreaterThan(0);
  const { prefix, question } = promptOf(model, picture, "where is the cat ?");
  const { taps } = await forwardWhole([...prefix, ...question], ["attentions"]);
  for (const { layer, share, map, headShares, heads } of result.tokens[0].layers) {
    const { data, shape } = taps.attentions[layer - 1];
    const [, H, S] = shape;
    const sums: number[] = [];
    for (let h = 0; h < H; h++) {
      const row = data.subarray((h * S + S - 1) * S, (h * S + S) * S);
      const image = Array.from(row).slice(imageStart, imageStart + imageTokens);
      sums.push(image.reduce((a, b) => a + b, 0));
      for (let n = 0; n < imageTokens; n++) expect(heads[h][n]).toBeCloseTo(image[n] / sums[h], 5);
      expect(headShares[h]).toBeCloseTo(sums[h], 5);
    }
    expect(share).toBeCloseTo(sums.reduce((a, b) => a + b) / H, 5);
    expect(map.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
  }
});

test("the lens read beside answers gives the lens's numbers for concepts", async () => {
  const lens = await lensMaps(model, picture, ["cat"], { space: "log-probability" });
  const id = model.chat.tokenizer.tokenId("cat") as number;
  const read: HostArray[] = [];
  const reading = {
    name: "lens of cat",
    read: conceptLens(model),
    args: ({ rowOf }: PromptRows) => [int32([1], [rowOf[1]]), int32([1, 1, 1], [id])],
    onRead: (arrays: readonly HostArray[]) => void read.push(...arrays),
  };
  const other = promptFor(
    model,
    model.reader.preprocess({ ...picture, data: picture.data.map((x) => 255 - x) }),
  );
  const generator = model.family.createGenerator({ maxNewTokens: 1 });
  await generator.generate(model.params, [promptRow(other), promptRow(prompt)], { reading });
  for (const [l, log] of read.entries())
    for (let n = 0; n < imageTokens; n++) expect(log.data[n]).toBeCloseTo(lens.layers[l].maps[0][n], 5);
  expect(read).toHaveLength(3);
});

test("an answer's text has no special tokens", () => {
  const ids = ["yes", "</s>"].map((token) => model.chat.tokenizer.tokenId(token) as number);
  expect(answerText(model, ids)).toBe("yes");
});
