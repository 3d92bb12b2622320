import { fileURLToPath } from "node:url";
import type { FormatOptions, PublicRow } from "../../../src/data/public/format.ts";
import { type FormatName, publicFormats } from "../../../src/data/public/registry.ts";
import { openTally, type TallySummary } from "../../../src/data/public/tally.ts";

export const folder = fileURLToPath(new URL("../../fixtures/public", import.meta.url));
export const fixture = (name: string) => `${folder}/${name}`;
export const images = fixture("pictures");

/** All rows of a fixture, and what was noticed. */
export async function readAll(
  format: FormatName,
  path: string,
  options: FormatOptions & { strict?: boolean } = {},
): Promise<TallySummary & { rows: PublicRow[] }> {
  const tally = openTally(options);
  const rows: PublicRow[] = [];
  for await (const row of publicFormats[format].read({ path: fixture(path), images, options, tally }))
    rows.push(row);
  return { rows, ...tally.summary() };
}

export const questionsOf = (rows: readonly PublicRow[]) => rows.flatMap(({ questions }) => questions);
