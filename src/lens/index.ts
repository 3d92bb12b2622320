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

// What single patches say, and how any word does there, by layer; what is left of the patches' own content with depth.

export { type LocalityLayer, localityByLayer } from "./locality.ts";
export {
  type PatchReading,
  type PatchWordsOptions,
  type PatchWordsResult,
  patchWords,
  type WordReading,
} from "./patch-words.ts";

// Where each token of an answer looks, and of its question, by layer and head.

export {
  type AttendedToken,
  type AttentionLayer,
  type AttentionOptions,
  type AttentionResult,
  attentionMaps,
} from "./attention.ts";

// What mattered for each token of an answer, by gradients of attention.

export {
  type RelevanceOptions,
  type RelevanceResult,
  type RelevantToken,
  relevanceMaps,
} from "./relevance.ts";

// What changes where patches, heads or layers are knocked out.

export { type KnockOut, type KnockOutFrom, knockOutFroms } from "./knock-out.ts";
export { type FirstToken, type KnockOutOptions, type KnockOutResult, knockOutMaps } from "./knocked-out.ts";

// Masks from maps, and thresholds that were learnt from data.

export { type ConceptMaskOptions, type Cut, type CutOptions, conceptMask, cutOf } from "./cut.ts";
export { type Learnt, readLearnt } from "./learnt.ts";
export { type BinaryMask, maskFromMap, otsuThreshold, type Threshold } from "./mask.ts";

// What a map says, in words.

export { appearsAt, lensSentence, type Peak, peakOf, saidAt } from "./findings.ts";
export { writeLearnt } from "./write-learnt.ts";
