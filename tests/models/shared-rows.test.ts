import { describe, expect, it } from "vitest";
import { float32 } from "../../src/engine/host.ts";
import type { PromptRow } from "../../src/models/contract/generation.ts";
import { sharedRows } from "../../src/models/generate/shared-rows.ts";

const image = () => ({ pixelValues: float32([1]) });
const layout = { images: [{ spans: [{ start: 1, length: 2 }], shape: { rows: 1, columns: 2 } }] };
const [first, second] = [image(), image()];
const prompt = (own: ReturnType<typeof image>, ...text: number[]): PromptRow => ({
  ids: [1, 9, 9, ...text],
  layout,
  images: [own],
});

describe("prompts in shared rows", () => {
  const prompts = [prompt(first, 5, 6), prompt(second, 5, 6), prompt(first, 5, 7, 8), prompt(first, 5)];
  const { rows, places, columns } = sharedRows(prompts, "causal");

  it("stand behind what they share, by image", () => {
    expect(rows.map(({ ids }) => ids)).toEqual([
      [1, 9, 9, 5, 6, 5, 7, 8, 5],
      [1, 9, 9, 5, 6],
    ]);
    expect(rows[0].segments).toEqual([0, 0, 0, 1, 1, 2, 2, 2, 3]);
    expect(rows[0].positions).toEqual([0, 1, 2, 3, 4, 3, 4, 5, 3]);
    expect(rows[1].segments).toEqual([0, 0, 0, 0, 0]);
    expect(places).toEqual([
      { row: 0, index: 0 },
      { row: 1, index: 0 },
      { row: 0, index: 1 },
      { row: 0, index: 2 },
    ]);
  });

  it("find their own tokens in them", () => {
    for (const [p, { ids }] of prompts.entries())
      expect(columns[p].map((column) => rows[places[p].row].ids[column])).toEqual(ids);
  });

  it("share nothing where image tokens see the question, or without an image", () => {
    expect(sharedRows(prompts, "prefix").rows.map(({ ids }) => ids)).toEqual(prompts.map(({ ids }) => ids));
    const bare = { ids: [1, 2], layout: { images: [] }, images: [] };
    expect(sharedRows([bare, bare], "causal").rows).toHaveLength(2);
  });

  it("share nothing where their tokens differ before the image", () => {
    const other = { ...prompt(first, 5), ids: [2, 9, 9, 5] };
    expect(sharedRows([prompts[0], other], "causal").rows).toHaveLength(2);
  });

  it("share nothing with a prompt that is only the image, whose last token must predict", () => {
    expect(sharedRows([prompts[0], prompt(first)], "image-blocks").rows).toHaveLength(2);
  });
});
