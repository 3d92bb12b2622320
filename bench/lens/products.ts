/** The products that a lens of SmolVLM-256M's shape needs: the least that it takes is the time of these alone. */
import { type NdArray, np } from "../../src/engine/array.ts";
import { compile } from "../../src/engine/compile.ts";
import { float32, type HostArray } from "../../src/engine/host.ts";
import { type Job, textTokens, tileTokens } from "./job.ts";

/** `count` products [batch, rows, inner] x [batch, columns, inner]ᵀ, or with the second as [batch, inner, columns]. */
export interface Product {
  readonly batch: number;
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  readonly count: number;
  readonly transposed: boolean;
}

/** x [rows, inner] by weights [columns, inner] as a checkpoint has them. */
function layer(count: number, rows: number, inner: number, columns: number): Product {
  return { batch: 1, rows, inner, columns, count, transposed: true };
}

/** Scores and mixed values of H heads of 64. */
function attention(count: number, heads: number, rows: number, seen: number): Product[] {
  const both = { batch: heads, rows, count };
  return [
    { ...both, inner: 64, columns: seen, transposed: true },
    { ...both, inner: seen, columns: 64, transposed: false },
  ];
}

/** Rows of hidden states, and of words, that the lens multiplies at once (src/lens). */
const [rowsAtOnce, wordsAtOnce] = [2048, 2048];

/**
 * What is needed, no more: of causal attention half of what is seen, of the last layer for logits at one position the keys and values alone,
 * of the unembedding the asked columns (so few that they are left out) unless probabilities need all.
 */
export function productsOf({ tiles, mode }: Pick<Job, "tiles" | "mode">): Product[] {
  const [P, Dv, Fv, Lv] = [1024, 768, 3072, 12];
  const [D, F, L, V, KV] = [576, 1536, 30, 49280, 192];
  const S = tiles * tileTokens + 2 * textTokens;
  const whole = mode === "forward" ? L - 1 : L;
  const rows = tiles * tileTokens * (L + 1);
  return [
    layer(tiles, P, 768, Dv),
    layer(4 * Lv * tiles, P, Dv, Dv),
    layer(Lv * tiles, P, Dv, Fv),
    layer(Lv * tiles, P, Fv, Dv),
    ...attention(Lv * tiles, 12, P, P),
    layer(1, tiles * tileTokens, 16 * Dv, D),
    layer(2 * whole, S, D, D),
    layer(2 * L, S, D, KV),
    layer(2 * whole, S, D, F),
    layer(whole, S, F, D),
    ...attention(whole / 2, 9, S, S),
    ...(mode === "probability"
      ? [layer((rows / rowsAtOnce) * (V / wordsAtOnce), rowsAtOnce, D, wordsAtOnce)]
      : []),
  ];
}

export function gigaflopsOf(products: readonly Product[]): number {
  return products.reduce((sum, p) => sum + 2 * p.batch * p.rows * p.inner * p.columns * p.count, 0) / 1e9;
}

/** Milliseconds of all products, and the rate of the fastest. */
export interface ProductTime {
  readonly sum: number;
  readonly bestGigaflopPerSecond: number;
}

/**
 * Each product at the fastest that it was seen, as a program of its own that writes into an array that is there. Of
 * attention that includes the whole pattern in memory, which the model's kernel never writes.
 */
export async function timeOf(products: readonly Product[], threads: number): Promise<ProductTime> {
  let [sum, best] = [0, 0];
  for (const product of products) {
    const time = await fastest(product, threads);
    sum += product.count * time;
    best = Math.max(best, gigaflopsOf([{ ...product, count: 1 }]) / (time / 1e3));
  }
  return { sum, bestGigaflopPerSecond: best };
}

/** So often each is run; more often where it is short. */
const [runs, least] = [5, 200];

async function fastest(product: Product, threads: number): Promise<number> {
  const { batch, rows, inner, columns, transposed } = product;
  const a = noise([batch, rows, inner]);
  const b = noise(transposed ? [batch, columns, inner] : [batch, inner, columns]);
  const fn = (x: NdArray, y: NdArray) => np.matmul(x, transposed ? np.transpose(y, [0, 2, 1]) : y);
  const program = await compile<HostArray>(fn, [a, b], { machine: { threads } });
  const into = [float32([batch, rows, columns])];
  let best = Number.POSITIVE_INFINITY;
  const begin = performance.now();
  for (let i = 0; i < runs || performance.now() - begin < least; i++) {
    const start = performance.now();
    await program.runInto(into, a, b);
    best = Math.min(best, performance.now() - start);
  }
  await program.dispose();
  return best;
}

function noise(shape: readonly number[]): HostArray {
  const array = float32(shape);
  for (let i = 0; i < array.data.length; i++) array.data[i] = ((i * 7919) % 2000) / 1000 - 1;
  return array;
}
