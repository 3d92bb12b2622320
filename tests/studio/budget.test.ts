/** What the page loads at first, and what its models need, within their budgets. */
import { expect, it } from "vitest";
import { budgetOf, budgetTable } from "../../release/budget.ts";
import { siteFolder } from "../../src/studio/site/site.ts";

it("loads its first view, its rooms, the engine and ONNX Runtime within their budgets", async () => {
  const parts = await budgetOf(await siteFolder());
  const files = Object.fromEntries(parts.map((part) => [part.name, part.files]));
  expect(files["first view"]).toEqual(expect.arrayContaining(["index.html", "main.js", "page.css"]));
  expect(files["first view"]?.filter((path) => path.includes("/room-"))).toHaveLength(1);
  expect(files["other rooms"]?.filter((path) => path.includes("/room-"))).toHaveLength(4);
  expect(files.engine).toContain("worker.js");
  const above = parts.filter(({ bytes, budget }) => bytes >= budget).map(({ name }) => name);
  expect(above, budgetTable(parts)).toEqual([]);
  for (const { bytes, budget } of parts) expect(bytes).toBeGreaterThan(0.5 * budget);
});
