import type { Region } from "../../grounding/region.ts";
import type { Question } from "../example.ts";
import type { BoxUnit, PublicRow, Size } from "./format.ts";

/** What one of a unit is in pixels of a picture, across and down. */
export function pixelsOf(unit: BoxUnit, { width, height }: Size): readonly [x: number, y: number] {
  const scales = { real: [1, 1], norm1000: [width / 1000, height / 1000], norm1: [width, height] } as const;
  return scales[unit];
}

/** A row whose regions are in a unit, with them in pixels; masks have pixels of their own. */
export function inPixels(row: PublicRow, unit: BoxUnit, size: Size): PublicRow {
  const [x, y] = pixelsOf(unit, size);
  const scaled = (region: Region): Region => {
    if (region.kind === "mask") return region;
    if (region.kind === "box") {
      const [x0, y0, x1, y1] = region.box;
      return { kind: "box", box: [x0 * x, y0 * y, x1 * x, y1 * y] };
    }
    return { ...region, points: region.points.map((point) => [point[0] * x, point[1] * y]) };
  };
  const turned = <T extends Pick<Question, "regions">>(part: T): T => ({
    ...part,
    regions: part.regions.map(scaled),
  });
  return { ...row, questions: row.questions.map(turned), concepts: row.concepts.map(turned) };
}
