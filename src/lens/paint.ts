/**
 * `fovea/lens/paint`: from maps to pixels. Arithmetic alone: no canvas, no fonts, no file, so it runs in Node, in a page
 * and in a worker alike.
 *
 *     viewWithin(picture, side) -> View, paintView(view, geometry, map, scale)      a map over the photo's lines
 *     paintMap(map, geometry) -> Raster, overlay(raster, scale) -> RgbaImage        colours to lay over the photo
 *     maskFromMap(map, geometry, threshold) -> {mask}, maskedPicture(picture, mask) a mask, and the photo under it
 *     spaceScale(result), attentionScale(result), linearScale(...)                  which colour a value gets
 *
 * @module
 */
// Colours of values.
export { type ColourMap, type ColourMapName, colourAt, colourMaps, type Rgb } from "./colour.ts";
// A map over the original picture.
export { type Paint, paintMap, paintRaster, type Raster, type Upsampling } from "./heat.ts";
export { lineDrawing } from "./lines.ts";
// Masks.
export { type BinaryMask, maskAtLeast, maskFromMap, otsuThreshold, type Threshold } from "./mask.ts";
export { maskedPicture } from "./masked.ts";
// Scales, and canvases' own form of a picture.
export { attentionScale, type ScaleOptions, spaceScale } from "./result-scale.ts";
export { overlay, type RgbaImage, rgbaOf } from "./rgba.ts";
export { linearScale, logProbabilityScale, rankScale, type Scale, shareScale } from "./scale.ts";
export { paintAlone, paintView, type View, type ViewOptions, viewAt, viewWithin } from "./view.ts";
