/**
 * What a lens asks of the logits of R hidden states, by blocks of the vocabulary V: the largest array is [R, one
 * block], never [R, V]. Functions to be compiled, without gradients. K chosen tokens.
 */
import { indicator, lax, type NdArray, nn, np, slice, take } from "../engine/array.ts";
import type { Unembedding } from "../models/contract/family.ts";
import { softCapped } from "../nn/softcap.ts";

/** Elements of a block's logits: 16 MiB in float32. Its weights, which may have to be widened, take four times that. */
const blockElements = 2 ** 22;

export interface Wanted {
  /** Whether to compute log Σ exp of all logits. */
  readonly sum: boolean;
  /** Whether to compute the ranks of the chosen tokens. */
  readonly ranks: boolean;
  /** How many of the likeliest tokens. */
  readonly top: number;
}

export interface VocabularyReadings<A = NdArray> {
  /** [R, K] logits of the chosen tokens. */
  readonly logits: A;
  /** [R] */
  readonly logSumExp?: A;
  /** [R, K] float32: 1 for the likeliest token. */
  readonly ranks?: A;
  readonly top?: TopTokens<A>;
}

/** The likeliest tokens, likeliest first. */
export interface TopTokens<A = NdArray> {
  /** [R, top] */
  readonly logits: A;
  /** [R, top] int32: places in `candidates`. */
  readonly places: A;
  /** [R, M] int32 token ids. */
  readonly candidates: A;
}

/** x [R, D], ids [K] int32. */
export function readVocabulary(
  x: NdArray,
  head: Unembedding,
  ids: NdArray,
  { sum, ranks, top }: Wanted,
  elements = blockElements,
): VocabularyReadings {
  const chosen = softCapped(np.einsum("rd,kd->rk", x, take(head.weight, ids)), head.softcap);
  if (!sum && !ranks && top === 0) return { logits: chosen };
  const blocks = blocksOf(x, head, elements);
  return {
    logits: chosen,
    ...(sum && { logSumExp: joinedSums(blocks.map(({ logits }) => logSumExp(logits))) }),
    ...(ranks && { ranks: np.add(total(blocks.map((block) => above(block, chosen, ids))), 1) }),
    ...(top > 0 && { top: topTokens(blocks, top) }),
  };
}

/** log Σ exp of the logits of x [..., D] -> [...]. */
export function logSumExpByBlocks(x: NdArray, head: Unembedding, elements = blockElements): NdArray {
  const rows = np.reshape(x, [-1, head.weight.shape[1]]);
  const sums = blocksOf(rows, head, elements).map(({ logits }) => logSumExp(logits));
  return np.reshape(joinedSums(sums), x.shape.slice(0, -1));
}

/**
 * Mutual information, in nats, of word and row where each of the rows x [R, D] is as likely and says words as its logits have
 * it: entropy of the mean distribution less the mean of the entropies -> [].
 */
export function vocabularyInformation(x: NdArray, head: Unembedding, elements = blockElements): NdArray {
  const blocks = blocksOf(x, head, elements);
  const sums = np.expandDims(joinedSums(blocks.map(({ logits }) => logSumExp(logits))), 1);
  const parts = blocks.map(({ logits }) => {
    const log = np.subtract(logits, sums);
    const p = np.exp(log);
    const mean = np.mean(p, 0);
    const certain = np.sum(np.mean(np.multiply(p, log), 0));
    // What is nowhere likely adds nothing.
    return np.subtract(certain, np.sum(np.multiply(mean, np.log(np.maximum(mean, 1e-37)))));
  });
  return total(parts);
}

/** Logits of the tokens from `start` on. */
interface Block {
  readonly start: number;
  /** [R, block] */
  readonly logits: NdArray;
}

function blocksOf(x: NdArray, { weight, softcap }: Unembedding, elements: number): Block[] {
  const [V, D] = weight.shape;
  const size = Math.max(1, Math.min(V, Math.floor(elements / x.shape[0]), Math.floor((4 * elements) / D)));
  return Array.from({ length: Math.ceil(V / size) }, (_, i) => {
    const [start, stop] = [i * size, Math.min(V, (i + 1) * size)];
    const products = np.matmul(x, np.transpose(slice(weight, 0, start, stop)));
    return { start, logits: softCapped(products, softcap) };
  });
}

/**
 * [R, M] -> [R, 1], as what `logSoftmax` takes off the first logit: ONNX Runtime computes that in one pass over
 * memory, where maximum, difference, exponential and sum take four.
 */
function logSumExp(logits: NdArray): NdArray {
  return np.subtract(slice(logits, 1, 0, 1), slice(nn.logSoftmax(logits, -1), 1, 0, 1));
}

/** One [R, 1] for each block -> [R] */
function joinedSums(sums: readonly NdArray[]): NdArray {
  const all = sums.length === 1 ? sums[0] : logSumExp(np.concatenate([...sums], 1));
  return np.squeeze(all, 1);
}

/** [R, K]: how many of a block's tokens have a larger logit than each chosen one; itself never counts. */
function above({ start, logits }: Block, chosen: NdArray, ids: NdArray): NdArray {
  const tokens = np.arange(start, start + logits.shape[1]);
  const counts = Array.from({ length: chosen.shape[1] }, (_, k) => {
    const isOther = indicator(np.notEqual(tokens, slice(ids, 0, k, k + 1)), logits);
    const isAbove = indicator(np.greater(logits, slice(chosen, 1, k, k + 1)), logits);
    return np.einsum("rv,v->r", isAbove, isOther);
  });
  return np.stack(counts, 1);
}

function total(parts: readonly NdArray[]): NdArray {
  return parts.reduce((sum, part) => np.add(sum, part));
}

/** The best of each block, then the best of those. */
function topTokens(blocks: readonly Block[], top: number): TopTokens {
  const best = blocks.map(({ start, logits }) => {
    const [values, places] = lax.topK(logits, Math.min(top, logits.shape[1]), -1);
    return { values, ids: np.add(places, start) };
  });
  const values = np.concatenate(
    best.map((block) => block.values),
    1,
  );
  const candidates = np.concatenate(
    best.map((block) => block.ids),
    1,
  );
  const [logits, places] = lax.topK(values, Math.min(top, values.shape[1]), -1);
  return { logits, places, candidates };
}
