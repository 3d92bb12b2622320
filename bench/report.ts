/** Tables and plots of bench/results: writes them into README.md, docs/results.md and docs/images. `npm run bench:report`. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { growthPoints, growthSvg } from "./growth.ts";
import { allResults } from "./results.ts";
import { between, otherTables, stepDetails, stepTables } from "./tables.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const results = allResults();

/** The tables of each page, by the marks that they stand between. */
export const pages = {
  "README.md": { "bench-step": stepTables(results) },
  "docs/results.md": { "bench-details": stepDetails(results), "bench-others": otherTables(results) },
} as const;

/** The page as these results make it. */
export function pageOf(name: keyof typeof pages): string {
  const now = readFileSync(here(`../${name}`), "utf8");
  return Object.entries(pages[name]).reduce((page, [mark, text]) => between(page, mark, text), now);
}

if (import.meta.main) {
  for (const name of Object.keys(pages) as (keyof typeof pages)[])
    writeFileSync(here(`../${name}`), pageOf(name));
  for (const [instructions, parts] of results) {
    const points = growthPoints(parts);
    const path = here(`../docs/images/step-growth-${instructions}.svg`);
    if (points.length > 0) writeFileSync(path, growthSvg(instructions, points));
  }
}
