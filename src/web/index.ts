/**
 * `fovea/web`: a model in a page. Nothing leaves the page; a plain static server is enough. No name here needs Node.
 *
 *     const model = await openVlm("models/full/", { machine: { device: "wasm" } });
 *     const picture = await readPicture(input.files[0]);
 *     const { text } = await ask(model, picture, "where is the cat ?");
 *     drawPicture(canvas, paintOver(picture, await conceptMap(model, picture, "cat")));
 *     drawPicture(other, paintOver(picture, await attentionMap(model, picture, "where is the cat ?")));
 *     const lens = await lensMaps(model, picture, ["cat"], { ranks: true });     // every layer
 *     const mask = conceptMask(lens, 0);                                         // where the picture shows it
 *
 * Pictures are 8-bit RGB, [Y, X, 3]; a map is [N] numbers, one for each image token in row order of `geometry.grid`, and
 * lies on the picture by that geometry, in pixels of the original.
 *
 * @module
 */

// Mistakes of a caller: one line that says what is wrong.
export { UserError } from "../common/errors.ts";
export type { ImageGeometry, RgbImage, Size } from "../common/image.ts";
// Where a model runs: `machine: { device: "wasm" | "webgpu", threads, assets }`.
export type { Machine } from "../engine/runtime/runtime.ts";
// Where its files come from: a server, dropped or picked files, memory.
export { droppedSource, filesSource } from "../hub/source/files.ts";
export { httpSource } from "../hub/source/http.ts";
export { memorySource } from "../hub/source/memory.ts";
export { type Source, subfolder } from "../hub/source.ts";
// Where each token of an answer looks, by layer and head; the answer with it.
export {
  type AttendedToken,
  type AttentionLayer,
  type AttentionOptions,
  type AttentionResult,
  attentionMaps,
} from "../lens/attention.ts";
// A concept cut out of the picture.
export { type ConceptMaskOptions, type Cut, type CutOptions, conceptMask, cutOf } from "../lens/cut.ts";
// What a map says, in words.
export {
  appearsAt,
  layerName,
  lensSentence,
  type Peak,
  peakOf,
  placeText,
  saidAt,
} from "../lens/findings.ts";
// What changes where patches, heads or layers are knocked out.
export { type KnockOut, type KnockOutFrom, knockOutFroms } from "../lens/knock-out.ts";
export { type KnockOutOptions, type KnockOutResult, knockOutMaps } from "../lens/knocked-out.ts";
// Thresholds that were learnt for a model (`lens.json` beside it).
export { type Learnt, type LensUse, readLearnt } from "../lens/learnt.ts";
// What is left of the patches' own content with depth, and what single patches say.
export { type LocalityLayer, localityByLayer } from "../lens/locality.ts";
// What the image tokens say, by layer.
export {
  type LensLayer,
  type LensOptions,
  type LensResult,
  type LensSpace,
  lensMaps,
  lensSpaces,
  type PatchWord,
  type TokenRule,
  tokenRules,
} from "../lens/logit-lens.ts";
// From maps to pixels.
export * from "../lens/paint.ts";
export {
  type PatchReading,
  type PatchWordsOptions,
  type PatchWordsResult,
  patchWords,
} from "../lens/patch-words.ts";
// What mattered for each token of an answer, by gradients of attention.
export { type RelevanceOptions, type RelevanceResult, relevanceMaps } from "../lens/relevance.ts";
// One map of one picture, ready to be painted.
export {
  type AttentionMap,
  attentionMap,
  type ConceptMap,
  conceptMap,
  paintOver,
  type TokenMap,
} from "../lens/token-map.ts";
// An open model, and its answer without maps.
export { type AskOptions, ask, type Reply } from "../vlm/ask.ts";
export { type OpenOptions, openVlm, type Vlm } from "../vlm/open.ts";
// Pictures of a page.
export { drawPicture, imageData } from "./canvas.ts";
export { type PictureInput, readPicture } from "./picture.ts";
