/**
 * `fovea/lens/sheets`: what the commands draw, as PNG: maps, charts and words on one sheet. Drawn with `@napi-rs/canvas`, in
 * Node; pixels without words: `fovea/lens/paint`.
 *
 * @module
 */
export {
  type AttentionSheetOptions,
  attentionPicture,
  attentionSheet,
  headsSheet,
} from "./attention-sheet.ts";
export { type LensSheetOptions, layersSheet, lensSheet, mapPicture } from "./lens-sheet.ts";
export { heatPicture } from "./pictures.ts";
export { maskOverlay, segmentSheet } from "./segment-sheet.ts";
