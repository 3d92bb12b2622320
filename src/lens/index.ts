/**
 * `fovea/lens`: what image tokens say and where answers look, as numbers. Pictures of them: `fovea/lens/paint`.
 *
 * @module
 */

// One map of one picture, and the picture of it.

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

// Where each token of an answer looks, by layer and head.

export {
  type AttendedToken,
  type AttentionLayer,
  type AttentionResult,
  attentionMaps,
} from "./attention.ts";

// Masks from maps, and thresholds that were learnt from data.

export { type ConceptMaskOptions, type Cut, type CutOptions, conceptMask, cutOf } from "./cut.ts";
export { type Learnt, readLearnt } from "./learnt.ts";
export { type BinaryMask, maskFromMap, otsuThreshold, type Threshold } from "./mask.ts";

// What a map says, in words.

export { appearsAt, lensSentence, type Peak, peakOf, saidAt } from "./findings.ts";
export { writeLearnt } from "./write-learnt.ts";
