import { describe, expect, it } from "vitest";
import { attentionMaps } from "../../src/lens/attention.ts";
import { colourAt } from "../../src/lens/colour.ts";
import { lensMaps } from "../../src/lens/logit-lens.ts";
import { attentionMap, conceptMap, paintOver } from "../../src/lens/token-map.ts";
import { ask } from "../../src/vlm/ask.ts";
import { testPicture, tinyModel } from "./tiny-model.ts";

const model = tinyModel();
const picture = testPicture();

describe("a concept's map", () => {
  it.each([
    [{}, 2],
    [{ layer: 1, space: "rank", norm: false }, 1],
  ] as const)("is that of the logit lens (%o)", async (options, layer) => {
    const map = await conceptMap(model, picture, " cat ", options);
    const whole = await lensMaps(model, picture, ["cat"], options);
    expect(map).toMatchObject({ word: "cat", layer, geometry: whole.geometry });
    expect(map.values).toEqual(whole.layers[layer].maps[0]);
    const best = "space" in options ? Math.min(...map.values) : Math.max(...map.values);
    expect(map.peak.value).toBe(best);
    expect(map.values[4 * (map.peak.row - 1) + map.peak.column - 1]).toBe(best);
  });
});

describe("an answer's map", () => {
  it("is the mean over the answer's tokens of the layer's mean over heads", async () => {
    const question = "what is it ?";
    const map = await attentionMap(model, picture, question, { maxNewTokens: 3, layer: 1 });
    const whole = await attentionMaps(model, picture, question, { maxNewTokens: 3 });
    const said = whole.ended && whole.tokens.length > 1 ? whole.tokens.slice(0, -1) : whole.tokens;
    expect(said.length).toBeGreaterThan(1);
    const layers = said.map((token) => token.layers[0]);
    expect(map.answer).toBe(whole.answer);
    expect(map.values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
    for (const [n, value] of map.values.entries())
      expect(value).toBeCloseTo(layers.reduce((sum, one) => sum + one.map[n], 0) / layers.length, 6);
    expect(map.share).toBeCloseTo(layers.reduce((sum, one) => sum + one.share, 0) / layers.length, 6);
    expect((await ask(model, picture, question, { maxNewTokens: 3 })).text).toBe(whole.answer);
  });
});

describe("a map over its picture", () => {
  it("has each token's colour on the token's own pixels", async () => {
    const flat = { width: 16, height: 16, data: new Uint8Array(16 * 16 * 3).fill(128) };
    const map = await conceptMap(model, flat, "dog");
    const painted = paintOver(flat, map);
    expect([painted.width, painted.height]).toEqual([512, 512]);
    const { colours, at } = map.scale;
    for (const [n, value] of map.values.entries()) {
      const [x, y] = [128 * (n % 4) + 64, 128 * Math.floor(n / 4) + 64];
      const pixel = 3 * (y * 512 + x);
      expect([...painted.data.subarray(pixel, pixel + 3)]).toEqual([...colourAt(colours, at(value))]);
    }
    expect(paintOver(flat, map, { side: 32 }).width).toBe(32);
  });
});

describe("mistakes", () => {
  it.each([
    ["a layer that is not there", () => conceptMap(model, picture, "cat", { layer: 3 })],
    ["the decoder's input, which attends nowhere", () => attentionMap(model, picture, "?", { layer: 0 })],
    ["a word that is not known", () => conceptMap(model, picture, "zebra")],
    ["a picture with alpha", () => ask(model, { ...picture, data: new Uint8Array(4 * 256) }, "?")],
    ["no room for an answer", () => ask(model, picture, "?", { maxNewTokens: 0 })],
    ["a question that is too long", () => ask(model, picture, "cat ".repeat(80))],
    ["another picture", async () => paintOver(testPicture(8, 8), await conceptMap(model, picture, "cat"))],
  ])("%s", async (_, action) => {
    await expect(action()).rejects.toThrowErrorMatchingSnapshot();
  });
});
