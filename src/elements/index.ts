/**
 * Custom elements that show what a model sees, for any page. Importing this module registers them.
 *
 * @module
 */
export { controls } from "./controls.ts";
export { FoveaMap } from "./fovea-map.ts";
export type { PictureSource } from "./map/paper.ts";
export { type WordRegion, wordRegions } from "./map/regions.ts";
export type { PlainMap, PlainScale, ShownMap } from "./map/shown.ts";
