/**
 * `fovea/lens`: what image tokens say and where answers look, as numbers. Pictures of them: `fovea/lens/paint`.
 *
 * @module
 */

// Where each token of an answer looks, by layer and head.
export {
  type AttendedToken,
  type AttentionLayer,
  type AttentionResult,
  attentionMaps,
} from "./attention.ts";
// Masks from maps.
export { type ConceptMaskOptions, type Cut, type CutOptions, conceptMask, cutOf } from "./cut.ts";
// What a map says, in words.
export { appearsAt, lensSentence, type Peak, peakOf, saidAt } from "./findings.ts";
// Thresholds learnt from data, beside a model.
export { type Learnt, readLearnt, writeLearnt } from "./learnt.ts";
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
} from "./logit-lens.ts";
export { type BinaryMask, maskFromMap, otsuThreshold, type Threshold } from "./mask.ts";
// One map of one picture, and its picture.
export {
  type AttentionMap,
  type AttentionMapOptions,
  attentionMap,
  type ConceptMap,
  type ConceptMapOptions,
  conceptMap,
  paintOver,
  type TokenMap,
} from "./token-map.ts";
