/**
 * Custom elements that show what a model sees, for any page. Importing this module registers them.
 *
 * @module
 */
export { controls } from "./controls.ts";
export type { Series } from "./curves/series.ts";
export { FoveaAttend } from "./fovea-attend.ts";
export { type ComparedModel, FoveaCompare } from "./fovea-compare.ts";
export { FoveaCurves } from "./fovea-curves.ts";
export { FoveaHeads } from "./fovea-heads.ts";
export { FoveaLens } from "./fovea-lens.ts";
export { FoveaMap } from "./fovea-map.ts";
export { FoveaScale } from "./fovea-scale.ts";
export { FoveaWords } from "./fovea-words.ts";
export type { Head } from "./heads/matrix.ts";
export { linkMaps } from "./link-maps.ts";
export type { PictureSource } from "./map/paper.ts";
export { type WordRegion, wordRegions } from "./map/regions.ts";
export type { PlainMap, PlainScale, ShownMap } from "./map/shown.ts";
export type { AttendView, PlainAttention } from "./views/attend-view.ts";
export type { LensView, PlainLayer } from "./views/lens-view.ts";
export type { PinnedWords, WordRow } from "./words/table.ts";
