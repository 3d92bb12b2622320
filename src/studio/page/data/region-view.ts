/** Regions over a picture, as SVG in the picture's own pixels; strokes stay as wide whatever its size. */
import { nothing, type SVGTemplateResult, svg } from "lit";
import type { Region } from "../../../grounding/region.ts";
import { outlineOf } from "./outline.ts";

/** How a region is drawn: as evidence, chosen, or proposed. */
export type RegionLook = "plain" | "chosen" | "proposed";

/** `unit`: pixels of the picture in one of the screen. */
export function regionView(region: Region, look: RegionLook, unit: number): SVGTemplateResult {
  const { lines, points } = outlineOf(region, 512);
  const path = lines.map((line) => `M${line.map(([x, y]) => `${x} ${y}`).join("L")}`).join("");
  const dots = points.map(
    ([x, y]) => svg`<circle class="halo-dot" cx=${x} cy=${y} r=${5.5 * unit}></circle>
      <circle class="dot" cx=${x} cy=${y} r=${4 * unit}></circle>`,
  );
  return svg`<g class="region ${look}">
    ${path === "" ? nothing : svg`<path class="halo" d=${path}></path><path class="line" d=${path}></path>`}
    ${dots}
  </g>`;
}
