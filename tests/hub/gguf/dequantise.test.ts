import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { dequantise } from "../../../src/hub/gguf/dequantise.ts";
import { blockShapes, type GgufType } from "../../../src/hub/gguf/format.ts";

const url = new URL("../../fixtures/gguf/blocks.json", import.meta.url);
const blocks: Record<string, { bytes: string; values: string }> = JSON.parse(readFileSync(url, "utf8"));
const decoded = (text: string) => new Uint8Array(Buffer.from(text, "base64"));

describe("numbers of GGUF tensors", () => {
  it("have a fixture for each type", () => {
    expect(Object.keys(blocks).sort()).toEqual(Object.keys(blockShapes).sort());
  });

  it.each(Object.keys(blocks) as GgufType[])("of type %s are Python's, bit for bit", (type) => {
    const values = dequantise(type, decoded(blocks[type].bytes));
    expect(new Uint32Array(values.buffer)).toEqual(new Uint32Array(decoded(blocks[type].values).buffer));
  });
});
