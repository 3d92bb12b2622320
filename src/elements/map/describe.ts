/** What a map shows, in words, for those who hear it and for the line under a picture. */
import { peakOf, placeText, readable } from "../../lens/findings.ts";
import type { PatchWord } from "../../lens/logit-lens.ts";
import { formatProbability } from "../../lens/scale.ts";
import type { WordRegion } from "./regions.ts";
import type { ShownMap } from "./shown.ts";

/** A number of a map, short. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return "no value";
  return value >= 0 && value <= 1 ? formatProbability(value) : String(Number(value.toPrecision(3)));
}

/** "8 × 8 patches. Highest probability 0.94 at row 2, column 3. Patches say penguin (5), cat (4)." */
export function mapDescription(map: ShownMap | undefined, regions: readonly WordRegion[] = []): string {
  if (map === undefined) return "";
  const { rows, columns } = map.geometry.grid;
  return [`${rows} × ${columns} patches.`, peakText(map), saidText(regions)].filter(Boolean).join(" ");
}

function peakText({ values, geometry, scale }: ShownMap): string {
  if (values.length === 0) return "";
  const peak = peakOf(
    Array.from(values, (value) => (Number.isFinite(value) ? scale.at(value) : -1)),
    geometry,
  );
  return `Most at ${placeText(peak)}: ${scale.label} ${numberText(values[peak.index])}.`;
}

function saidText(regions: readonly WordRegion[]): string {
  const counts = new Map<string, number>();
  for (const { word, patches } of regions) counts.set(word, (counts.get(word) ?? 0) + patches.length);
  const words = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 6);
  if (words.length === 0) return "";
  return `Patches say ${words.map(([word, count]) => `${word} (${count})`).join(", ")}.`;
}

/** "row 2, column 3: 0.94, says penguin 0.94" */
export function patchText(
  map: ShownMap,
  patch: number,
  words: readonly (readonly PatchWord[])[] | undefined,
): string {
  const { columns } = map.geometry.grid;
  const place = placeText({ row: 1 + Math.floor(patch / columns), column: 1 + (patch % columns) });
  const likeliest = words?.[patch]?.[0];
  const says =
    likeliest === undefined
      ? ""
      : `, says ${readable(likeliest.token)} ${formatProbability(likeliest.probability)}`;
  return `${place}: ${numberText(map.values[patch])}${says}`;
}
