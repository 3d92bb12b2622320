/** Scaled dot-product attention: with grouped heads, within segments, in windows; and single rows of its pattern. */
import { astype, type NdArray, np, slice, stopGradient } from "../engine/array.ts";
import { withGradientOf } from "./gradient.ts";
import { logSoftmax, MASKED, softmax } from "./softmax.ts";
import type { QueryBlock } from "./visibility.ts";

/**
 * B batch, S queries, T keys, H key-value heads, G query heads for each of them, K head size. Query head
 * h G + g reads key-value head h, as in Hugging Face's grouped-query attention.
 */
export interface Heads {
  /** [B, S, H, G, K] */
  readonly query: NdArray;
  /** [B, T, H, K] */
  readonly key: NdArray;
  /** [B, T, H, K] */
  readonly value: NdArray;
}

/** How products of queries and keys become scores. */
export interface ScoreRule {
  /** Their factor; default 1 / sqrt(K). */
  readonly scale?: number;
  /** c: scores s become c tanh(s / c), within (-c, c) (Gemma 2, arXiv 2408.00118). */
  readonly softcap?: number;
}

/** Scaled scores plus an additive mask that broadcasts to [B, 1, 1, S, T]: -> [B, H, G, S, T]. */
export function attentionScores(
  query: NdArray,
  key: NdArray,
  mask?: NdArray,
  { scale = query.shape[4] ** -0.5, softcap }: ScoreRule = {},
): NdArray {
  const scaled = np.multiply(query, softcap === undefined ? scale : scale / softcap);
  const products = np.einsum("bshgk,bthk->bhgst", scaled, key);
  const scores = softcap === undefined ? products : np.multiply(np.tanh(products), softcap);
  return mask === undefined ? scores : np.add(scores, mask);
}

/** What attention gives: its pattern [B, H, G, S, T] and the mixed values [B, S, H G K]. What nobody reads costs nothing. */
export interface Attended {
  readonly pattern: NdArray;
  readonly mixed: NdArray;
}

/** Attention of all queries to all keys. `offset`, in the form of the pattern, is added to it: of zeros, whose gradient is that of the pattern. */
export function attend(heads: Heads, mask?: NdArray, rule?: ScoreRule, offset?: NdArray): Attended {
  const scores = attentionScores(heads.query, heads.key, mask, rule);
  const plain = softmax(scores);
  if (offset === undefined) return { pattern: plain, mixed: flat(mixedValues(scores, plain, heads.value)) };
  const pattern = np.add(plain, offset);
  return { pattern, mixed: flat(mix(pattern, heads.value)) };
}

/** A block of queries with their mask, which broadcasts to [B, 1, 1, queries, keys]. */
export interface MaskedBlock extends QueryBlock {
  readonly mask: NdArray;
}

/** {@link attend} of queries that see different numbers of keys: what a block does not see is not computed. The blocks cover all queries in order. */
export function attendBlocks(heads: Heads, blocks: readonly MaskedBlock[], rule?: ScoreRule): Attended {
  const [first] = blocks;
  if (blocks.length === 1) return attend(heads, first.mask, rule);
  const T = heads.key.shape[1];
  const starts = blocks.slice(1).map(({ start }) => start);
  const queries = np.split(heads.query, starts, 1) as NdArray[];
  const parts = blocks.map(({ keys, mask }, i) => {
    const [key, value] = [heads.key, heads.value].map((x) => (keys === T ? x : slice(x, 1, 0, keys)));
    return attend({ query: queries[i], key, value }, mask, rule);
  });
  return {
    pattern: np.concatenate(
      parts.map(({ pattern }) => withUnseen(pattern, T)),
      3,
    ),
    mixed: np.concatenate(
      parts.map(({ mixed }) => mixed),
      1,
    ),
  };
}

/** A pattern over the first keys, [..., keys], with zeros for the rest: [..., T]. */
function withUnseen(pattern: NdArray, T: number): NdArray {
  const [B, H, G, S, keys] = pattern.shape;
  return keys === T
    ? pattern
    : np.concatenate([pattern, np.zeros([B, H, G, S, T - keys], { dtype: pattern.dtype })], 4);
}

/** [B, H, G, S, T] and values [B, T, H, K] -> [B, S, H, G, K] */
function mix(pattern: NdArray, value: NdArray): NdArray {
  return np.einsum("bhgst,bthk->bshgk", pattern, value);
}

/** [B, S, H, G, K] -> [B, S, H G K] */
function flat(mixed: NdArray): NdArray {
  const [B, S, H, G, K] = mixed.shape;
  return np.reshape(mixed, [B, S, H * G * K]);
}

/**
 * o = P v with P = softmax(scores), given as `pattern`. The gradient of the scores is P (do vᵀ - Σ do o) (Dao et al., arXiv
 * 2205.14135, appendix B.2): the sum goes over K, not over the keys, and the surrogate P s v - o Σ P s has exactly this gradient.
 */
function mixedValues(scores: NdArray, pattern: NdArray, value: NdArray): NdArray {
  const [fixed, values] = [stopGradient(pattern), stopGradient(value)];
  const mixed = stopGradient(mix(fixed, values));
  const weighted = np.multiply(fixed, scores);
  const sums = np.expandDims(np.transpose(np.sum(weighted, -1), [0, 3, 1, 2]), 4);
  const inScores = np.subtract(mix(weighted, values), np.multiply(mixed, sums));
  return withGradientOf(mixed, np.add(inScores, mix(fixed, value)));
}

/** `count` neighbouring runs of `length` positions each. */
export interface Segment {
  readonly count: number;
  readonly length: number;
}

/**
 * Heads whose keys weigh `bias` [B, T] in every score, one more component of queries and keys: attention without a
 * mask, which is one kernel. Scores are scaled as without it: pass the `rule` that comes with the heads.
 */
export function biasedHeads({ query, key, value }: Heads, bias: NdArray): { heads: Heads; rule: ScoreRule } {
  const scale = query.shape[4] ** -0.5;
  const [B, T, H] = key.shape;
  const ones = np.ones([...query.shape.slice(0, 4), 1]);
  const biases = np.broadcastTo(np.reshape(np.divide(bias, scale), [B, T, 1, 1]), [B, T, H, 1]);
  return {
    heads: { query: np.concatenate([query, ones], 4), key: np.concatenate([key, biases], 3), value },
    rule: { scale },
  };
}

/**
 * {@link attend} where a position sees only its own run: `segments` cover all S positions in order. Costs
 * what the runs cost, [count, length, length] scores a head, of which about `atOnce` are held at a time
 * (default 64 MB; those of 4,096 patches and 16 heads would fill a gigabyte). -> mixed values [B, S, H G
 * K].
 */
export function attendSegments(
  heads: Heads,
  segments: readonly Segment[],
  rule?: ScoreRule,
  atOnce = 2 ** 24,
): NdArray {
  let end = 0;
  const mixed = segments.map((segment) => {
    end += segment.count * segment.length;
    return attendRuns(heads, segment, end, { rule, atOnce });
  });
  return mixed.length === 1 ? mixed[0] : np.concatenate(mixed, 1);
}

interface BlockOptions {
  readonly rule: ScoreRule | undefined;
  readonly atOnce: number;
}

/** The runs of one segment, which ends before position `end`, as rows of a batch. */
function attendRuns(heads: Heads, { count, length }: Segment, end: number, options: BlockOptions): NdArray {
  const size = count * length;
  const runs = (x: NdArray) => {
    const own = x.shape[1] === size ? x : slice(x, 1, end - size, end);
    return np.reshape(own, [x.shape[0] * count, length, ...x.shape.slice(2)]);
  };
  const own = { query: runs(heads.query), key: runs(heads.key), value: runs(heads.value) };
  const mixed = attendInBlocks(own, options);
  return np.reshape(mixed, [heads.query.shape[0], size, mixed.shape[2]]);
}

/** The mixed values of {@link attend}, a block of queries after the other where there are many. */
function attendInBlocks({ query, key, value }: Heads, { rule, atOnce }: BlockOptions): NdArray {
  const [B, S, H, G] = query.shape;
  const blocks = Math.ceil((B * H * G * S * key.shape[1]) / atOnce);
  const size = Math.ceil(S / Math.min(blocks, S));
  if (size === S) return attend({ query, key, value }, undefined, rule).mixed;
  const starts = Array.from({ length: Math.ceil(S / size) }, (_, i) => i * size);
  const parts = starts.map((start) => {
    const some = slice(query, 1, start, Math.min(start + size, S));
    return attend({ query: some, key, value }, undefined, rule).mixed;
  });
  return np.concatenate(parts, 1);
}

/**
 * {@link attend} where position s sees position t if `groups` [B, S] (int32) are equal there. Members of a group
 * are neighbours, at most `size` of them: a position looks at three chunks of so many, not at all S.
 */
export function attendGroups(heads: Heads, groups: NdArray, size: number): NdArray {
  const [B, S, H, G, K] = heads.query.shape;
  const chunk = size * Math.max(1, Math.round(SMALL_CHUNK / size));
  if (S <= 3 * chunk) return attend(heads, groupMask(groups, groups)).mixed;
  const C = Math.ceil(S / chunk);
  const query = np.reshape(padded(heads.query, C * chunk), [B * C, chunk, H, G, K]);
  const [key, value] = [heads.key, heads.value].map((x) => threeChunks(padded(x, C * chunk), chunk));
  const own = padded(groups, C * chunk, -1);
  const mask = groupMask(np.reshape(own, [B * C, chunk]), threeChunks(own, chunk, -2));
  return slice(np.reshape(attend({ query, key, value }, mask).mixed, [B, C * chunk, H * G * K]), 1, 0, S);
}

/** Smaller chunks than this cost more than the scores that they save. */
const SMALL_CHUNK = 64;

/** Additive mask [B, 1, 1, S, T]: 0 where groups [B, S] and [B, T] are equal. */
function groupMask(queries: NdArray, keys: NdArray): NdArray {
  const [[B, S], [, T]] = [queries.shape, keys.shape];
  const same = np.equal(np.reshape(queries, [B, S, 1]), np.reshape(keys, [B, 1, T]));
  return np.reshape(np.where(same, 0, MASKED), [B, 1, 1, S, T]);
}

/** [B, S, ...] -> [B, length, ...], filled up at the end. */
function padded(x: NdArray, length: number, value = 0): NdArray {
  const [B, S, ...rest] = x.shape;
  if (S === length) return x;
  return np.concatenate([x, filled(x, [B, length - S, ...rest], value)], 1);
}

/** Each chunk of [B, C chunk, ...] with those before and after it: [B C, 3 chunk, ...]. */
function threeChunks(x: NdArray, chunk: number, value = 0): NdArray {
  const [B, S, ...rest] = x.shape;
  const edge = filled(x, [B, chunk, ...rest], value);
  const wide = np.concatenate([edge, x, edge], 1);
  const shifted = [0, 1, 2].map((i) => {
    const part = slice(wide, 1, i * chunk, i * chunk + S);
    return np.reshape(part, [B * (S / chunk), chunk, ...rest]);
  });
  return np.concatenate(shifted, 1);
}

function filled(like: NdArray, shape: number[], value: number): NdArray {
  return np.full(shape, value, { dtype: like.dtype });
}

/** Heads in Hugging Face's order: [B, H, G, S, T] -> [B, H G, S, T]. */
export function mergeHeads(pattern: NdArray): NdArray {
  const [B, H, G, S, T] = pattern.shape;
  return np.reshape(pattern, [B, H * G, S, T]);
}

/** Rows of the pattern for a few queries: query [B, R, H, G, K] -> [B, H G, R, T], probabilities. */
export function attentionRows(query: NdArray, key: NdArray, mask?: NdArray, rule?: ScoreRule): NdArray {
  return mergeHeads(softmax(attentionScores(query, key, mask, rule)));
}

/** As {@link attentionRows} over the given keys only, as log-probabilities: costs O(R T). */
export function logAttentionRows(query: NdArray, key: NdArray, mask?: NdArray, rule?: ScoreRule): NdArray {
  return mergeHeads(logSoftmax(attentionScores(query, key, mask, rule)));
}

/** 1 at each position, 0 elsewhere: positions [B, R] (int32) -> [B, R, S] float32. */
export function oneHotPositions(positions: NdArray, length: number): NdArray {
  return astype(np.equal(np.expandDims(positions, 2), np.arange(length)), "float32");
}

/** Picks queries by one-hot rows: [B, R, S] x [B, S, H, G, K] -> [B, R, H, G, K]. */
export function pickQueries(oneHot: NdArray, query: NdArray): NdArray {
  return np.einsum("brs,bshgk->brhgk", oneHot, query);
}

/** Picks rows of a mask by one-hot rows: [B, R, S] x [B, 1, 1, S, S] or [B, H, G, S, S] -> [B, 1, 1, R, S] or [B, H, G, R, S]. */
export function rowsOfMask(oneHot: NdArray, mask: NdArray): NdArray {
  const [B, R, S] = oneHot.shape;
  if (mask.shape[1] * mask.shape[2] > 1) return np.einsum("brs,bhgst->bhgrt", oneHot, mask);
  const rows = np.einsum("brs,bst->brt", oneHot, np.reshape(mask, [B, S, S]));
  return np.reshape(rows, [B, 1, 1, R, S]);
}
