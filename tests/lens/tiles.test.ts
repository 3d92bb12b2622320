import { describe, expect, test } from "vitest";
import { coverage } from "../../src/grounding/coverage.ts";
import { attentionMaps } from "../../src/lens/attention.ts";
import { strength } from "../../src/lens/attention-findings.ts";
import { attentionSummary } from "../../src/lens/json.ts";
import { lensMaps } from "../../src/lens/logit-lens.ts";
import { displayOf, globalDisplayOf, imageTokensOf } from "../../src/models/inputs/images.ts";
import { openVlm } from "../../src/vlm/open.ts";
import { testPicture } from "./tiny-model.ts";

const picture = testPicture(120, 90);

describe.each(["idefics3/tiles", "smolvlm/tiles"])("%s", async (folder) => {
  const model = await openVlm(`tests/fixtures/models/${folder}`);
  const seen = model.reader.preprocess(picture);
  const display = displayOf(seen);
  const global = globalDisplayOf(seen);

  test("every image token is in the tiles' grid or in the view of the whole picture, and in one of them", () => {
    const all = [...display.tokens, ...(global?.tokens ?? [])].sort((a, b) => a - b);
    expect(all).toEqual(Array.from({ length: imageTokensOf(seen) }, (_, n) => n));
    expect(display.tiles.rows * display.tiles.columns).toBe(seen.views.length - 1);
    expect(global?.geometry.original).toEqual({ width: 120, height: 90 });
  });

  test("the lens gives the view of the whole picture a map of its own", async () => {
    const result = await lensMaps(model, picture, ["cat"], { ranks: true });
    expect(result.tiles).toEqual(display.tiles);
    for (const { maps, ranks } of result.global?.layers ?? []) {
      expect(maps[0]).toHaveLength(global?.tokens.length as number);
      expect(ranks[0].every((rank) => rank >= 1 && rank <= result.vocabulary)).toBe(true);
    }
    expect(result.global?.layers).toHaveLength(result.layers.length);
  });

  test("attention on tiles and on the whole picture adds up to what lies on the image", async () => {
    const { tokens } = await attentionMaps(model, picture, "what is it", { maxNewTokens: 2 });
    for (const { map, global: whole, heads, globalHeads } of tokens.flatMap(({ layers }) => layers)) {
      const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0);
      expect(sum(map) + sum(whole as Float32Array)).toBeCloseTo(1, 5);
      for (const [h, head] of heads.entries())
        expect(sum(head) + sum(globalHeads?.[h] as Float32Array)).toBeCloseTo(1, 5);
    }
  });

  test("a summary tells the share on a region that the scores tell: of the tiles' part", async () => {
    const region = { kind: "box", box: [0, 0, 60, 45] } as const;
    const options = { maxNewTokens: 2, regions: [region] };
    const result = await attentionMaps(model, picture, "what is it", options);
    const inside = coverage(region, result.geometry);
    for (const [t, { layers }] of attentionSummary(result, inside).tokens.entries())
      for (const [l, told] of layers.entries()) {
        const { target, map, share } = result.tokens[t].layers[l];
        expect(told.region).toBe(target);
        const onRegion = map.reduce((sum, value, n) => sum + value * inside[n], 0);
        expect(strength(told)).toBeCloseTo(share * onRegion, 6);
      }
  });
});

test("a picture that is not cut has no view beside its own", async () => {
  const model = await openVlm("tests/fixtures/models/llava/siglip-qwen2");
  expect(globalDisplayOf(model.reader.preprocess(picture))).toBeUndefined();
  const { tiles, global } = await lensMaps(model, picture, ["cat"]);
  expect([tiles, global]).toEqual([{ rows: 1, columns: 1 }, undefined]);
});
