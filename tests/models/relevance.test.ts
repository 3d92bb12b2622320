/** Relevance by gradients of attention against torch's (`tests/fixtures/relevance/make.py`), for every family. */
import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import { type HostArray, int32 } from "../../src/engine/host.ts";
import { relevanceOf } from "../../src/lens/relevance-pass.ts";
import { distance } from "./fixture.ts";
import { loadParity } from "./parity.ts";

interface Expected {
  readonly position: number;
  readonly tokens: readonly number[];
  readonly row: readonly (readonly number[])[];
}

const file = new URL("../fixtures/relevance/expected.json", import.meta.url);
const all: Record<string, Expected> = JSON.parse(await readFile(file, "utf8"));

it.each(Object.keys(all))("relevance in %s is torch's", async (name) => {
  const { position, tokens, row } = all[name];
  const parity = await loadParity(name);
  const B = tokens.length;
  const args = [parity.params, parity.inputs, int32([B, 1], Array(B).fill(position)), int32([B], tokens)];
  const program = await compile<HostArray>(relevanceOf(parity, parity.layout), args);
  const { shape, data } = await program.run(...args);
  await program.dispose();
  expect(shape).toEqual([B, row[0].length]);
  expect(distance(data, row.flat())).toBeLessThan(parity.tolerance);
});
