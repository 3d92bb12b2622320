import { describe, expect, test } from "vitest";
import { attentionMaps } from "../../src/lens/attention.ts";
import { isKnockedOut, type KnockOut } from "../../src/lens/knock-out.ts";
import { knockOutMaps } from "../../src/lens/knocked-out.ts";
import { lensMaps } from "../../src/lens/logit-lens.ts";
import { openVlm } from "../../src/vlm/open.ts";
import { testPicture, tinyModel } from "./tiny-model.ts";

const model = tinyModel();
const picture = testPicture();
const question = "where is the big cat ?";
const maxNewTokens = 4;
const look = (knockOut?: KnockOut) =>
  attentionMaps(model, picture, question, { maxNewTokens, prompt: true, ...(knockOut && { knockOut }) });

const plain = await look();
const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0);

test("a hidden patch gets nothing, and the others share what it had", async () => {
  const hidden = [2, 3, 9];
  const { tokens } = await look({ patches: hidden });
  for (const { layers } of tokens)
    for (const { map, heads } of layers) {
      for (const n of hidden) expect(map[n]).toBe(0);
      for (const head of heads) expect(sum(head)).toBeCloseTo(1, 5);
    }
  // The first layer's queries and keys are as they were.
  const [was] = plain.tokens[0].layers;
  const [is] = tokens[0].layers;
  for (const [h, head] of is.heads.entries()) {
    const left = 1 - sum(hidden.map((n) => was.heads[h][n]));
    for (const n of [0, 5, 15]) expect(head[n]).toBeCloseTo(was.heads[h][n] / left, 5);
    const share = was.headShares[h];
    expect(is.headShares[h]).toBeCloseTo((share * left) / (share * left + 1 - share), 5);
  }
});

test("only some patches are seen: the rest is hidden", async () => {
  const only = await look({ patches: [4, 7], only: true });
  const rest = await look({ patches: [...Array(16).keys()].filter((n) => n !== 4 && n !== 7) });
  expect(only.tokens).toEqual(rest.tokens);
  const none = await look({ only: true });
  for (const { share } of none.tokens[0].layers) expect(share).toBe(0);
});

test("a struck head sees no image, a struck layer none in any head", async () => {
  const { tokens } = await look({ heads: [{ layer: 1, head: 2 }], layers: [2] });
  for (const { layers } of tokens) {
    expect(layers[0].headShares[0]).toBeGreaterThan(0);
    expect(layers[0].headShares[1]).toBe(0);
    expect(layers[1].headShares).toEqual([0, 0]);
    expect(sum(layers[1].map)).toBe(0);
  }
});

test("hidden from the answer is still seen by the question, hidden from all text is not", async () => {
  const patches = [1, 6];
  const answer = await look({ patches });
  const text = await look({ patches, from: "text" });
  const [of] = plain.prompt as typeof plain.tokens;
  expect(answer.prompt?.[0].layers).toEqual(of.layers);
  for (const n of patches) {
    expect(of.layers[0].map[n]).toBeGreaterThan(0);
    expect(text.prompt?.[0].layers[0].map[n]).toBe(0);
    // The last token of the prompt predicts the answer.
    expect(answer.prompt?.at(-1)?.layers[0].map[n]).toBe(0);
  }
});

test("image tokens see less only where patches are hidden from them", async () => {
  const lens = (knockOut: KnockOut) => lensMaps(model, picture, ["cat"], { knockOut });
  const was = await lensMaps(model, picture, ["cat"]);
  for (const from of ["answer", "text"] as const)
    expect((await lens({ patches: [3], from })).layers).toEqual(was.layers);
  const { layers } = await lens({ patches: [3], from: "all" });
  // Those before it never saw it, and it sees itself.
  for (const n of [0, 1, 2, 3]) expect(layers[2].maps[0][n]).toBeCloseTo(was.layers[2].maps[0][n], 6);
  expect(layers[2].maps[0]).not.toEqual(was.layers[2].maps[0]);
  expect(layers[0].maps[0]).toEqual(was.layers[0].maps[0]);
});

test("where images see the question, what its text does not see changes the picture's own states", async () => {
  const prefix = await openVlm("tests/fixtures/models/paligemma/gemma");
  const was = await lensMaps(prefix, picture, ["cat"]);
  const is = await lensMaps(prefix, picture, ["cat"], { knockOut: { patches: [0, 1, 2], from: "text" } });
  expect(is.layers[0].maps).toEqual(was.layers[0].maps);
  expect(is.layers.at(-1)?.maps).not.toEqual(was.layers.at(-1)?.maps);
});

describe("before and after", () => {
  const options = { maxNewTokens, words: ["cat"], topK: 3, prompt: true };
  const ask = (knockOut: KnockOut) => knockOutMaps(model, picture, question, knockOut, options);

  test("are what attentionMaps and lensMaps tell, and how likely the first tokens were", async () => {
    const knockOut: KnockOut = { patches: [5], layers: [1], from: "all" };
    const { before, after, first } = await ask(knockOut);
    const told = { maxNewTokens, topK: 3, prompt: true };
    expect(before.attention).toEqual(await attentionMaps(model, picture, question, told));
    expect(after.attention).toEqual(await attentionMaps(model, picture, question, { ...told, knockOut }));
    expect(after.lens).toEqual(await lensMaps(model, picture, ["cat"], { ranks: true, knockOut }));
    expect(first.map((token) => token.before.probability)).toEqual(
      first.map((token) => token.before.probability).sort((a, b) => b - a),
    );
    for (const [side, words] of [
      ["before", before.attention.tokens[0].words?.at(-1)],
      ["after", after.attention.tokens[0].words?.at(-1)],
    ] as const)
      for (const { id, probability } of words ?? []) {
        const token = first.find((one) => one.id === id);
        expect(token?.[side].probability).toBeCloseTo(probability, 6);
      }
    expect(first[0].id).toBe(before.attention.tokens[0].id);
  });

  test("are the same with nothing knocked out", async () => {
    const { before, after, first } = await ask({});
    expect(isKnockedOut({ from: "all" })).toBe(false);
    expect(after).toEqual(before);
    for (const token of first) expect(token.after).toEqual(token.before);
  });

  test("of another stroke compile nothing", async () => {
    const short = { ...options, maxNewTokens: 1 };
    const stroke = (knockOut: KnockOut) => knockOutMaps(model, picture, question, knockOut, short);
    await stroke({ patches: [1], from: "all" });
    const { size } = model.programs;
    for (const knockOut of [{ patches: [2, 3], from: "all" }, { heads: [{ layer: 2, head: 1 }] }] as const)
      await stroke(knockOut);
    expect(model.programs.size).toBe(size);
  });
});

test("a tiled picture: tiles and the view of the whole are hidden one by one, and only some patches hide the other view", async () => {
  const tiled = await openVlm("tests/fixtures/models/smolvlm/tiles");
  const image = testPicture(120, 90);
  const layers = async (knockOut: KnockOut) => {
    const { tokens } = await attentionMaps(tiled, image, "what is it", { maxNewTokens: 1, knockOut });
    return tokens[0].layers;
  };
  for (const { map, global } of await layers({ patches: [0], globalPatches: [1] })) {
    expect([map[0], global?.[1]]).toEqual([0, 0]);
    expect(map[1]).toBeGreaterThan(0);
    expect(global?.[0]).toBeGreaterThan(0);
  }
  for (const { map, global } of await layers({ patches: [0], only: true })) {
    expect(map[0]).toBeCloseTo(1, 5);
    expect(sum(global as Float32Array)).toBe(0);
  }
  // Nine of the tiles' 6 x 6 patches lie under one of the other view's 2 x 2; five of them cover more than half of it.
  const corner = [0, 1, 2, 6, 7, 8];
  for (const { global } of await layers({ patches: corner })) {
    expect(global?.[0]).toBe(0);
    expect(global?.[1]).toBeGreaterThan(0);
  }
  for (const { global } of await layers({ patches: corner.slice(0, 5) })) expect(global?.[0]).toBe(0);
  for (const { global } of await layers({ patches: corner.slice(0, 4) }))
    expect(global?.[0]).toBeGreaterThan(0);
  for (const { global } of await layers({ patches: corner, globalPatches: [] }))
    expect(global?.[0]).toBeGreaterThan(0);
  for (const { map, global } of await layers({ patches: corner, only: true }))
    expect(sum(corner.map((n) => map[n])) + (global as Float32Array)[0]).toBeCloseTo(1, 5);
});

test.each<[string, KnockOut]>([
  ["a patch beyond the grid", { patches: [3, 16] }],
  ["a patch that is no place", { patches: [0.5] }],
  ["a view that there is not", { globalPatches: [0] }],
  ["a layer that there is not", { layers: [3] }],
  ["a head that there is not", { heads: [{ layer: 1, head: 3 }] }],
])("%s is a mistake in one line", async (_, knockOut) => {
  await expect(look(knockOut)).rejects.toThrowErrorMatchingSnapshot();
});
