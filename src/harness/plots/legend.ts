/** Marks of series in a legend; without the packages that charts need. */
import type { Series } from "./axis-plot.ts";
import { type PlotTheme, seriesColour } from "./palette.ts";

/** Marks around (8, 0), as the plot draws them. */
const shapes = [
  '<circle cx="8" cy="0" r="4.5"/>',
  '<rect x="4" y="-4" width="8" height="8"/>',
  '<path d="M8,-5.5L13,3.5L3,3.5Z"/>',
  '<path d="M8,-6L11.5,0L8,6L4.5,0Z"/>',
  '<path d="M8,-6L9.4,-1.9L13.7,-1.9L10.2,.7L11.5,4.9L8,2.3L4.5,4.9L5.8,.7L2.3,-1.9L6.6,-1.9Z"/>',
  '<path d="M6.3,-5h3.4v3.3h3.3v3.4h-3.3v3.3h-3.4v-3.3h-3.3v-3.4h3.3Z"/>',
  '<path d="M6.6,5.5V1L2.6,-1.3L4,-3.7L8,-1.4L12,-3.7L13.4,-1.3L9.4,1V5.5Z"/>',
];

/** The legend's mark of a series, about 16 pixels wide around y = 0. */
export function legendMark(slot: Series["slot"], theme: PlotTheme): string {
  if (slot === "baseline")
    return `<path d="M-1,0H18" stroke="${theme.quiet}" stroke-width="1.5" stroke-dasharray="5 4"/>`;
  const colour = seriesColour(theme, slot);
  const line = `<path d="M-1,0H17" stroke="${colour}" stroke-width="2"/>`;
  return `${line}<g fill="${colour}">${shapes[slot % shapes.length]}</g>`;
}
