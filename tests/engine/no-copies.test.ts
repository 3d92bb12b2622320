/** A run in Node writes results where they belong, and nothing else. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

test("a result that is written into a given array takes no memory, not even for a moment; a new one takes its own", () => {
  const child = fileURLToPath(new URL("results-in-memory.ts", import.meta.url));
  const said = JSON.parse(execFileSync(process.execPath, [child], { encoding: "utf8" }));
  expect(said.values).toEqual([1, 1]);
  expect(said.given).toBeLessThan(16);
  expect(said.made).toBeGreaterThan(120);
  expect(said.made).toBeLessThan(144);
});
