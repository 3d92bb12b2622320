/**
 * Who sees whom in a row: a family says it by one value, a layer narrows it by a window, and every mask of attention is made
 * of the two here. B rows, S positions.
 */
import { type NdArray, np } from "../engine/array.ts";
import { MASKED } from "./softmax.ts";

/**
 * Whom a position sees beside those before it: with `causal` nobody; with `prefix` all of the prefix (segment 0) if it
 * belongs to it (PaliGemma); with `image-blocks` all tokens of its own image (Gemma 3).
 */
export type Visibility = "causal" | "prefix" | "image-blocks";

/**
 * Whether image tokens see a question that comes after them: the question belongs to the prefix then, only the answer is
 * causal, and a row has one question.
 */
export function imagesSeeQuestion(visibility: Visibility): boolean {
  return visibility === "prefix";
}

/** Whether a token sees the one that stands `distance` tokens before it, through a window; null: it sees all. */
export function isInWindow(distance: number, window: number | null): boolean {
  return window === null || distance < window;
}

/** Columns [start, start + length) of every row. */
interface Block {
  readonly start: number;
  readonly length: number;
}

/** Who sees whom, for one mask. */
export interface MaskOptions {
  /** Default `causal`. */
  readonly visibility?: Visibility;
  /**
   * Tokens that stand so many tokens or more before a position are not seen, of its own image neither; null, the default: all
   * are. Counted along the position's own text: other packed questions and padding do not count.
   */
  readonly window?: number | null;
  /** The images' columns, for `image-blocks`. Neighbouring tokens of one image; each tile of a cut one is a block. */
  readonly blocks?: readonly Block[];
}

/**
 * Additive mask [B, 1, 1, S, S] of packed rows with segments [B, S] (int32): key j is visible to query i when j <= i and it
 * belongs to the shared prefix (segment 0) or to the query's own segment, or when `visibility` says so; padding (-1) is
 * visible to nothing.
 */
export function visibilityMask(
  segmentIds: NdArray,
  { visibility = "causal", window = null, blocks = [] }: MaskOptions = {},
): NdArray {
  const [B, S] = segmentIds.shape;
  const querySegments = np.reshape(segmentIds, [B, S, 1]);
  const keySegments = np.reshape(np.where(np.less(segmentIds, 0), -2, segmentIds), [B, 1, S]);
  const shared = np.where(np.equal(keySegments, 0), 0, MASKED);
  const own = np.where(np.equal(keySegments, querySegments), 0, MASKED);
  const row = np.maximum(shared, own);
  const before = np.minimum(row, causalMask(S));
  const seen: Record<Visibility, () => NdArray> = {
    causal: () => before,
    prefix: () => {
      const within = np.minimum(np.where(np.equal(querySegments, 0), 0, MASKED), shared);
      return np.maximum(before, within);
    },
    "image-blocks": () => np.maximum(before, np.minimum(row, blockMask(blocks, S))),
  };
  const whole = seen[visibility]();
  const mask = window === null ? whole : np.minimum(whole, windowMask(before, window));
  return np.reshape(mask, [B, 1, 1, S, S]);
}

/** [S, S]: 0 where key <= query, else {@link MASKED}. */
function causalMask(size: number): NdArray {
  const position = np.arange(size);
  return np.where(np.lessEqual(np.expandDims(position, 0), np.expandDims(position, 1)), 0, MASKED);
}

/**
 * [B, S, S]: 0 where the key stands less than `window` places before the query. A position's place is the number of those
 * before it that it sees by `before`, so it follows from the segments alone.
 */
function windowMask(before: NdArray, window: number): NdArray {
  const place = np.sum(np.where(np.equal(before, 0), 1, 0), -1);
  const distance = np.subtract(np.expandDims(place, 2), np.expandDims(place, 1));
  return np.where(np.less(distance, window), 0, MASKED);
}

/** [S, S]: 0 where query and key are of one block. */
function blockMask(blocks: readonly Block[], size: number): NdArray {
  const ids = new Array<number>(size).fill(-1);
  for (const [i, { start, length }] of blocks.entries()) ids.fill(i, start, start + length);
  const query = np.array(ids);
  const key = np.array(ids.map((id) => (id < 0 ? -2 : id)));
  return np.where(np.equal(np.expandDims(query, 1), np.expandDims(key, 0)), 0, MASKED);
}
