/**
 * Who sees whom in a row: a family says it by one value, a layer narrows it by a window, and every mask of attention is made
 * of the two here. B rows, S positions.
 */
import { type NdArray, np, slice } from "../engine/array.ts";
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

/** Some queries of a row, and the keys among which everything lies that they may see: neighbours, S of each at most. */
export interface QueryBlock {
  /** Queries [start, stop). */
  readonly start: number;
  readonly stop: number;
  /** Keys [0, keys). */
  readonly keys: number;
}

/** Queries of a block at most, as measured: fewer make products of queries and keys slow, more compute scores that nobody sees. */
const blockQueries = 256;
/** Of all scores, that which blocks must save to be worth their operations. */
const worthSaving = 0.1;

/**
 * The queries of rows of S positions in blocks, by what every row's visibility rules out: where only keys before a query are
 * seen, those behind the block are not even multiplied. One block where none can be ruled out (all of a prefix is seen, and
 * its length is a row's own; a window counts along texts) or S is small.
 */
export function queryBlocks(S: number, options: MaskOptions = {}): QueryBlock[] {
  const count = Math.ceil(S / blockQueries);
  const ends = Array.from({ length: count }, (_, i) => Math.round(((i + 1) * S) / count));
  const cut = ends.map((stop, i) => ({ start: ends[i - 1] ?? 0, stop, keys: keysBefore(stop, S, options) }));
  const scores = cut.reduce((sum, { start, stop, keys }) => sum + (stop - start) * keys, 0);
  return scores <= (1 - worthSaving) * S * S ? cut : [wholeBlock(S)];
}

/** Queries [start, stop) in blocks of at most {@link blockQueries}, each with the keys among which all lies that it may see. */
export function rowBlocks(start: number, stop: number, S: number, options: MaskOptions = {}): QueryBlock[] {
  const count = Math.ceil((stop - start) / blockQueries);
  const ends = Array.from(
    { length: count },
    (_, i) => start + Math.round(((i + 1) * (stop - start)) / count),
  );
  return ends.map((end, i) => ({
    start: ends[i - 1] ?? start,
    stop: end,
    keys: evenKeys(keysBefore(end, S, options), S),
  }));
}

/** A few keys more make products of an even length. */
const evenKeys = (keys: number, S: number) => Math.min(S, Math.ceil(keys / 16) * 16);

const wholeBlock = (S: number): QueryBlock => ({ start: 0, stop: S, keys: S });

/** How many keys the queries before `stop` may see at most. */
function keysBefore(stop: number, S: number, { visibility = "causal", blocks = [] }: MaskOptions): number {
  const begun = blocks.filter(({ start }) => start < stop);
  const seen: Record<Visibility, () => number> = {
    causal: () => stop,
    prefix: () => S,
    "image-blocks": () => Math.max(stop, ...begun.map(({ start, length }) => start + length)),
  };
  return Math.min(S, seen[visibility]());
}

/**
 * Additive mask [B, 1, 1, S, S] of packed rows with segments [B, S] (int32): key j is visible to query i when j <= i and it
 * belongs to the shared prefix (segment 0) or to the query's own segment, or when `visibility` says so; padding (-1) is
 * visible to nothing. `block`: the part of it for some queries and keys, [B, 1, 1, queries, keys].
 */
export function visibilityMask(
  segmentIds: NdArray,
  options: MaskOptions = {},
  block = wholeBlock(segmentIds.shape[1]),
): NdArray {
  const [B, S] = segmentIds.shape;
  const { window = null } = options;
  const whole = seenMask(segmentIds, options, block);
  const { start, stop, keys } = block;
  const shape = [B, 1, 1, stop - start, keys];
  if (window === null) return np.reshape(whole, shape);
  const places = placesOf(seenMask(segmentIds, { visibility: "causal" }, wholeBlock(S)));
  return np.reshape(np.minimum(whole, windowMask(places, window, block)), shape);
}

/** Who sees whom without a window, [B, queries, keys]. */
function seenMask(
  segmentIds: NdArray,
  { visibility = "causal", blocks = [] }: MaskOptions,
  block: QueryBlock,
): NdArray {
  const [B] = segmentIds.shape;
  const { start, stop, keys } = block;
  const seenIds = slice(segmentIds, 1, 0, keys);
  const querySegments = np.reshape(slice(segmentIds, 1, start, stop), [B, stop - start, 1]);
  const keySegments = np.reshape(np.where(np.less(seenIds, 0), -2, seenIds), [B, 1, keys]);
  const shared = np.where(np.equal(keySegments, 0), 0, MASKED);
  const own = np.where(np.equal(keySegments, querySegments), 0, MASKED);
  const row = np.maximum(shared, own);
  const before = np.minimum(row, causalMask(block));
  const seen: Record<Visibility, () => NdArray> = {
    causal: () => before,
    prefix: () => {
      const within = np.minimum(np.where(np.equal(querySegments, 0), 0, MASKED), shared);
      return np.maximum(before, within);
    },
    "image-blocks": () => np.maximum(before, np.minimum(row, blockMask(blocks, block))),
  };
  return seen[visibility]();
}

/**
 * Rows of the causal mask without a window at `positions` [B, M] (int32), which are one-hot [B, M, S] too: [B, 1, 1, M, S]. As
 * {@link visibilityMask}, but of these rows alone.
 */
export function causalRows(segmentIds: NdArray, positions: NdArray, oneHot: NdArray): NdArray {
  const [B, M, S] = oneHot.shape;
  const ids = np.reshape(segmentIds, [B, 1, S]);
  const own = np.sum(np.where(np.equal(oneHot, 1), ids, 0), -1, { keepdims: true });
  const keys = np.where(np.less(ids, 0), -2, ids);
  const row = np.maximum(seenWhere(np.equal(keys, 0)), seenWhere(np.equal(keys, own)));
  const before = seenWhere(np.lessEqual(np.arange(S), np.expandDims(positions, 2)));
  return np.reshape(np.minimum(row, before), [B, 1, 1, M, S]);
}

const seenWhere = (condition: NdArray) => np.where(condition, 0, MASKED);

/** [queries, keys]: 0 where key <= query, else {@link MASKED}. */
function causalMask({ start, stop, keys }: QueryBlock): NdArray {
  const queries = np.arange(start, stop);
  return np.where(np.lessEqual(np.expandDims(np.arange(keys), 0), np.expandDims(queries, 1)), 0, MASKED);
}

/** [B, S]: how many each position sees of those before it and itself, by their mask [B, S, S]. */
function placesOf(before: NdArray): NdArray {
  return np.sum(np.where(np.equal(before, 0), 1, 0), -1);
}

/**
 * [B, queries, keys]: 0 where the key stands less than `window` places before the query. A position's place [B, S] is the number
 * of those before it that it sees, so it follows from the segments alone.
 */
function windowMask(places: NdArray, window: number, { start, stop, keys }: QueryBlock): NdArray {
  const query = np.expandDims(slice(places, 1, start, stop), 2);
  const key = np.expandDims(slice(places, 1, 0, keys), 1);
  return np.where(np.less(np.subtract(query, key), window), 0, MASKED);
}

/** [queries, keys]: 0 where query and key are of one of the blocks. */
function blockMask(blocks: readonly Block[], { start, stop, keys }: QueryBlock): NdArray {
  const ids = new Array<number>(Math.max(stop, keys)).fill(-1);
  for (const [i, block] of blocks.entries()) ids.fill(i, block.start, block.start + block.length);
  const query = np.array(ids.slice(start, stop));
  const key = np.array(ids.slice(0, keys).map((id) => (id < 0 ? -2 : id)));
  return np.where(np.equal(np.expandDims(query, 1), np.expandDims(key, 0)), 0, MASKED);
}
