/** The models and rows of the step benchmark, and the products of matrices that a step of them needs. */
import type { BenchSizes } from "../llava.ts";

/** Models by their number of parameters; `tiny` shows that a device steps at all; `135m` has the decoder of SmolLM2-135M. */
export const models = {
  tiny: { layers: 2, width: 32, heads: 2, vocabulary: 64, visionWidth: 32, visionLayers: 1, frozen: false },
  "2m": {
    layers: 4,
    width: 128,
    heads: 4,
    vocabulary: 512,
    visionWidth: 128,
    visionLayers: 3,
    frozen: false,
  },
  "9m": {
    layers: 6,
    width: 256,
    heads: 4,
    vocabulary: 1024,
    visionWidth: 192,
    visionLayers: 4,
    frozen: false,
  },
  "30m": {
    layers: 6,
    width: 512,
    heads: 8,
    vocabulary: 4096,
    visionWidth: 256,
    visionLayers: 4,
    frozen: false,
  },
  "135m": {
    layers: 30,
    width: 576,
    heads: 9,
    keyValueHeads: 3,
    mlpRatio: 1536 / 576,
    vocabulary: 49152,
    visionWidth: 192,
    visionLayers: 2,
    frozen: true,
  },
} as const;

export type ModelName = keyof typeof models;

/** Rows by their length: one start token, a square image, text whose end is the answer. */
export const rowLengths = {
  128: { side: 8, text: 63, answers: 16, concepts: 4 },
  512: { side: 16, text: 255, answers: 32, concepts: 4 },
  2048: { side: 24, text: 1471, answers: 64, concepts: 4 },
} as const;

export type RowLength = keyof typeof rowLengths;

/** Rows of a step: 2,048 tokens with the small models, 512 or one row with the largest. */
export function rowsOf(model: ModelName, tokens: RowLength): number {
  if (model === "tiny") return 1;
  return Math.max(1, (models[model].frozen ? 512 : 2048) / tokens);
}

/** Losses by the name of their set: all layers have theirs. */
export const lossSets = {
  ntp: ["ntp"],
  "ntp+klal": ["ntp", "klal"],
  all: ["ntp", "lll", "klal"],
} as const;

export type LossSet = keyof typeof lossSets;

/** One measurement: a model, rows, losses. */
export interface Cell {
  readonly model: ModelName;
  readonly tokens: RowLength;
  readonly losses: LossSet;
}

export interface StepSizes extends BenchSizes {
  /** Whether the word vectors, which are the head as well, keep their values. */
  readonly frozen: boolean;
  readonly rows: number;
}

export function sizesOf({ model, tokens }: Pick<Cell, "model" | "tokens">): StepSizes {
  return { ...models[model], ...rowLengths[tokens], tied: true, rows: rowsOf(model, tokens) };
}

/** [M, I] x [I, O], so many times. */
export interface Product {
  readonly m: number;
  readonly i: number;
  readonly o: number;
  readonly count: number;
}

/**
 * Every product of matrices that one step needs, forward and backward, each once: nothing that is recomputed. Two of the
 * backward pass belong to each product of the forward pass, one where a factor has no gradient (pixels, frozen words).
 * - Attention of the decoder: half of each square, since a position sees those before it.
 * - The head: at the positions that predict an answer; with `lll` also at the image tokens after every layer.
 * - The last layer, from its queries on: at the positions that a loss reads.
 */
export function productsOf(size: StepSizes, losses: readonly string[]): Product[] {
  const forward = [...visionProducts(size), ...decoderProducts(size), ...lossProducts(size, losses)];
  return forward.concat(lastLayerProducts(size, losses)).flatMap(withBackward);
}

/** Which gradients a product of the forward pass has: of its left factor, of its right one. */
interface Forward extends Product {
  readonly left: boolean;
  readonly right: boolean;
}

function withBackward({ left, right, ...product }: Forward): Product[] {
  const { m, i, o, count } = product;
  return [product, ...(left ? [{ m, i: o, o: i, count }] : []), ...(right ? [{ m: i, i: m, o, count }] : [])];
}

const trained = { left: true, right: true };

function visionProducts({ visionWidth: D, visionLayers, side, rows, width }: StepSizes): Forward[] {
  const patches = side ** 2;
  const P = patches + 1; // The class token's place.
  const heads = Math.max(1, D / 64);
  const layer = [
    { m: rows * P, i: D, o: D, count: 4 },
    { m: rows * P, i: D, o: 4 * D, count: 1 },
    { m: rows * P, i: 4 * D, o: D, count: 1 },
    { m: P, i: D / heads, o: P, count: rows * heads },
    { m: P, i: P, o: D / heads, count: rows * heads },
  ];
  return [
    { m: rows * patches, i: 3 * 14 ** 2, o: D, count: 1, left: false, right: true },
    ...layer.map((product) => ({ ...product, count: product.count * visionLayers, ...trained })),
    { m: rows * patches, i: D, o: width, count: 1, ...trained },
    { m: rows * patches, i: width, o: width, count: 1, ...trained },
  ];
}

const tokensOf = ({ side, text }: StepSizes) => 1 + side ** 2 + text;

/** Keys and values of every layer; the rest of all layers but the last. */
function decoderProducts(size: StepSizes): Forward[] {
  const { layers, rows, width: D, heads, keyValueHeads = heads } = size;
  const S = tokensOf(size);
  const keys = { m: rows * S, i: D, o: (D / heads) * keyValueHeads, count: 2 * layers, ...trained };
  return [keys, ...fromQueriesOn(size, S, S / 2, layers - 1)];
}

/** Queries, attention over `seen` keys each, and the feed-forward part, at `S` positions of a row. */
function fromQueriesOn(size: StepSizes, S: number, seen: number, layers: number): Forward[] {
  const { rows, width: D, heads, mlpRatio = 4 } = size;
  const F = Math.round(mlpRatio * D);
  return [
    { m: rows * S, i: D, o: D, count: 2 * layers, ...trained },
    { m: rows * S, i: D, o: F, count: 2 * layers, ...trained },
    { m: rows * S, i: F, o: D, count: layers, ...trained },
    { m: S, i: D / heads, o: seen, count: rows * heads * layers, ...trained },
    { m: S, i: seen, o: D / heads, count: rows * heads * layers, ...trained },
  ];
}

function lastLayerProducts(size: StepSizes, losses: readonly string[]): Forward[] {
  const { side, answers } = size;
  const image = losses.includes("lll") ? side ** 2 : 0;
  const S = tokensOf(size);
  const seen = (image * (image / 2) + answers * (S - answers / 2)) / (image + answers);
  return fromQueriesOn(size, image + answers, seen, 1);
}

function lossProducts(size: StepSizes, losses: readonly string[]): Forward[] {
  const { rows, answers, side, width: D, vocabulary, layers, heads, concepts, frozen } = size;
  const N = side ** 2;
  const head = { i: D, o: vocabulary, left: true, right: !frozen };
  const ntp = { m: rows * answers, count: 1, ...head };
  const lens = [
    { m: rows * N, count: layers, ...head },
    { m: N, i: D, o: 2 * concepts, count: rows * layers, left: true, right: !frozen },
  ];
  const attention = { m: answers, i: D / heads, o: N, count: rows * heads * layers, ...trained };
  return [ntp, ...(losses.includes("lll") ? lens : []), ...(losses.includes("klal") ? [attention] : [])];
}

/** Additions and multiplications of products. */
export function flopsOf(products: readonly Product[]): number {
  return products.reduce((sum, { m, i, o, count }) => sum + 2 * m * i * o * count, 0);
}

/** The same shapes together, those with most to do first: how long they take at best says what a step can be. */
export function shapesOf(products: readonly Product[]): Product[] {
  const counts = new Map<string, Product>();
  for (const product of products) {
    const key = [product.m, product.i, product.o].join(" ");
    counts.set(key, { ...product, count: product.count + (counts.get(key)?.count ?? 0) });
  }
  return [...counts.values()].sort((a, b) => flopsOf([b]) - flopsOf([a]));
}
