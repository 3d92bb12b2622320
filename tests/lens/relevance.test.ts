import { expect, test } from "vitest";
import { attentionMaps } from "../../src/lens/attention.ts";
import { relevanceMaps } from "../../src/lens/relevance.ts";
import { openVlm } from "../../src/vlm/open.ts";
import { testPicture, tinyModel } from "./tiny-model.ts";

const model = tinyModel();
const picture = testPicture();
const question = "where is the big cat ?";
const maxNewTokens = 3;
const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0);

test("each token of the answer has a map with sum 1, and a share on the image", async () => {
  const { answer, tokens, geometry } = await relevanceMaps(model, picture, question, { maxNewTokens });
  const attended = await attentionMaps(model, picture, question, { maxNewTokens });
  expect(answer).toBe(attended.answer);
  expect(tokens.map(({ id }) => id)).toEqual(attended.tokens.map(({ id }) => id));
  for (const { map, share } of tokens) {
    expect(map).toHaveLength(geometry.grid.rows * geometry.grid.columns);
    expect(sum(map)).toBeCloseTo(1, 5);
    expect(Math.min(...map)).toBeGreaterThanOrEqual(0);
    expect(share).toBeGreaterThan(0);
    expect(share).toBeLessThan(1);
  }
});

test("what nobody sees does not matter", async () => {
  const knockOut = { patches: [2, 11], from: "all" } as const;
  const { tokens } = await relevanceMaps(model, picture, question, { maxNewTokens, knockOut });
  for (const { map } of tokens) {
    expect([map[2], map[11]]).toEqual([0, 0]);
    expect(sum(map)).toBeCloseTo(1, 5);
  }
  const none = { only: true, from: "all" } as const;
  const [blind] = (await relevanceMaps(model, picture, question, { maxNewTokens, knockOut: none })).tokens;
  expect([blind.share, sum(blind.map)]).toEqual([0, 0]);
});

test("of a tiled picture, tiles and the view of the whole add up to what lies on the image", async () => {
  const tiled = await openVlm("tests/fixtures/models/smolvlm/tiles");
  const image = testPicture(120, 90);
  const { tokens, globalGeometry } = await relevanceMaps(tiled, image, "what is it", { maxNewTokens: 1 });
  const [{ map, global }] = tokens;
  const { rows, columns } = (globalGeometry as NonNullable<typeof globalGeometry>).grid;
  expect(global).toHaveLength(rows * columns);
  expect(sum(map) + sum(global as Float32Array)).toBeCloseTo(1, 5);
});

test("patterns that would take gigabytes are refused in one line", async () => {
  const facts = { ...model.facts, heads: 2 ** 18 };
  await expect(relevanceMaps({ ...model, facts }, picture, question)).rejects.toThrow(
    /^relevance: picture and question must be of at most \d+ tokens for tiny, got \d+$/,
  );
});
