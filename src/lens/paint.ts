/**
 * `fovea/lens/paint`: maps as pictures. Sheets are drawn with `@napi-rs/canvas`.
 */

// Sheets, as PNG.
export {
  type AttentionSheetOptions,
  attentionPicture,
  attentionSheet,
  headsSheet,
} from "./attention-sheet.ts";
// Colours of values.
export { type ColourMap, type ColourMapName, colourAt, colourMaps, type Rgb } from "./colour.ts";
// A map over the original picture.
export { type Paint, paintMap, type Raster, type Upsampling } from "./heat.ts";
export { type LensSheetOptions, layersSheet, lensSheet, mapPicture } from "./lens-sheet.ts";
export { lineDrawing } from "./lines.ts";
export { heatPicture } from "./pictures.ts";
export {
  linearScale,
  logProbabilityScale,
  rankScale,
  type Scale,
  shareScale,
} from "./scale.ts";
export { maskOverlay, segmentSheet } from "./segment-sheet.ts";
