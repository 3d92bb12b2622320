/** Random functions, for running the engine against jax-js: in Node, and in a page on each of its devices. */
import * as fc from "fast-check";
import type { NdArray } from "../../src/engine/array.ts";
import { nn, np, slice, take, valueAndGrad } from "../../src/engine/array.ts";
import type { HostArray } from "../../src/engine/host.ts";
import { float32 } from "../../src/engine/host.ts";
import type { Case } from "./cases.ts";
import { ramp } from "./ramp.ts";

/** One random operation: its name and four numbers in [0, 1) from which it chooses operands, axes and lengths. */
export interface Choice {
  readonly op: string;
  readonly numbers: readonly number[];
}

const largestSize = 4000;
const largestRank = 4;

interface Pick {
  /** An integer in [0, below) from number k. */
  at(k: number, below: number): number;
}

/** Each takes an array x, another y, and gives a new one; `undefined` where it does not apply. */
const operations: Readonly<Record<string, (x: NdArray, y: NdArray, pick: Pick) => NdArray | undefined>> = {
  tanh: (x) => np.tanh(x),
  exp: (x) => np.exp(np.negative(np.square(x))),
  sqrt: (x) => np.sqrt(np.add(np.square(x), 0.5)),
  sigmoid: (x) => nn.sigmoid(np.multiply(x, 1.7)),
  add: (x, y) => np.add(x, fitting(y, x.shape)),
  subtract: (x, y) => np.subtract(fitting(y, x.shape), x),
  multiply: (x, y) => np.tanh(np.multiply(x, fitting(y, x.shape))),
  divide: (x, y) => np.divide(x, np.add(np.square(fitting(y, x.shape)), 1)),
  maximum: (x, y) => np.maximum(x, fitting(y, x.shape)),
  where: (x, y) => np.where(np.greater(fitting(y, x.shape), 0), x, np.multiply(x, 0.3)),
  transpose: (x, _, pick) => np.transpose(x, permutation(x.ndim, pick)),
  swap: (x, _, pick) => (x.ndim < 2 ? undefined : np.swapaxes(x, pick.at(0, x.ndim), pick.at(1, x.ndim))),
  merge(x, _, pick) {
    if (x.ndim < 2) return undefined;
    const i = pick.at(0, x.ndim - 1);
    return np.reshape(x, [...x.shape.slice(0, i), x.shape[i] * x.shape[i + 1], ...x.shape.slice(i + 2)]);
  },
  split(x, _, pick) {
    const i = pick.at(0, x.ndim);
    const divisors = [1, 2, 3, 4, 5].filter((d) => x.shape[i] % d === 0);
    const d = divisors[pick.at(1, divisors.length)];
    return np.reshape(x, [...x.shape.slice(0, i), d, x.shape[i] / d, ...x.shape.slice(i + 1)]);
  },
  flatten: (x) => np.reshape(x, [x.size]),
  broadcast: (x, _, pick) => np.broadcastTo(x, [1 + pick.at(0, 3), ...x.shape]),
  spread(x, _, pick) {
    const i = pick.at(0, x.ndim + 1);
    const wide = np.expandDims(x, i);
    return np.broadcastTo(wide, wide.shape.with(i, 2 + pick.at(1, 2)));
  },
  sum: (x, _, pick) => np.multiply(np.sum(x, pick.at(0, x.ndim), { keepdims: pick.at(1, 2) === 1 }), 0.5),
  sumTwo: (x, _, pick) => {
    if (x.ndim < 3) return undefined;
    const i = pick.at(0, x.ndim - 1);
    return np.tanh(np.sum(x, [i, i + 1]));
  },
  max: (x, _, pick) => np.max(x, pick.at(0, x.ndim), { keepdims: true }),
  slice(x, _, pick) {
    const i = pick.at(0, x.ndim);
    const start = pick.at(1, x.shape[i]);
    return slice(x, i, start, start + 1 + pick.at(2, x.shape[i] - start));
  },
  pad(x, _, pick) {
    const i = pick.at(0, x.ndim);
    return np.pad(
      x,
      x.shape.map((_, k): [number, number] => (k === i ? [pick.at(1, 3), pick.at(2, 3)] : [0, 0])),
    );
  },
  flip: (x, _, pick) => np.flip(x, pick.at(0, x.ndim)),
  concatenate(x, _, pick) {
    const i = pick.at(0, x.ndim);
    return np.concatenate([x, slice(np.sin(x), i, 0, 1)], i);
  },
  softmax: (x, _, pick) => nn.softmax(x, pick.at(0, x.ndim)),
  logSoftmax: (x, _, pick) => nn.logSoftmax(x, pick.at(0, x.ndim)),
  standardise: (x) => nn.standardize(x, -1, { epsilon: 0.1 } as never),
  take: (x, _, pick) =>
    take(x, np.array([pick.at(0, x.shape[0]), 0, pick.at(1, x.shape[0])], { dtype: np.int32 })),
  linear(x, _, pick) {
    const [k, n] = [x.shape[x.ndim - 1], 1 + pick.at(0, 4)];
    return np.matmul(x, np.array(ramp(k * n)).reshape([k, n]));
  },
  gram(x) {
    if (x.ndim < 2) return undefined;
    return np.tanh(np.matmul(x, np.swapaxes(x, -1, -2)));
  },
  mix(x, y) {
    const other = fitting(y, x.shape);
    return np.tanh(np.sum(np.multiply(np.expandDims(x, 0), np.expandDims(other, 0)), -1));
  },
  outer(x) {
    const letters = "abcd".slice(0, x.ndim);
    return x.ndim > 3
      ? undefined
      : np.tanh(np.einsum(`${letters},${letters[0]}z->${letters}z`, x, firstColumns(x)));
  },
};

/** [a, 2] of x's first axis. */
function firstColumns(x: NdArray): NdArray {
  const flat = np.reshape(x, [x.shape[0], x.size / x.shape[0]]);
  return np.concatenate([slice(flat, 1, 0, 1), np.sin(slice(flat, 1, 0, 1))], 1);
}

/** Cuts or averages y until it broadcasts to a shape. */
function fitting(y: NdArray, shape: readonly number[]): NdArray {
  let made = y;
  while (made.ndim > shape.length) made = np.mean(made, 0);
  for (let i = 0; i < made.ndim; i++) {
    const want = shape[shape.length - made.ndim + i];
    if (made.shape[i] === want || made.shape[i] === 1) continue;
    made = made.shape[i] > want ? slice(made, i, 0, want) : np.mean(made, i, { keepdims: true });
  }
  return made;
}

function permutation(rank: number, pick: Pick): number[] {
  const rest = [...Array(rank).keys()];
  return Array.from({ length: rank }, (_, k) => rest.splice(pick.at(k, rest.length), 1)[0]);
}

/** The function that a list of choices describes: from two arrays to the last three results. */
export function randomFunction(choices: readonly Choice[]) {
  return (a: NdArray, b: NdArray): NdArray[] => {
    const made = [a, b];
    for (const { op, numbers } of choices) {
      const pick: Pick = { at: (k, below) => Math.floor(numbers[k] * below) };
      const x = made[made.length - 1 - Math.floor(numbers[3] ** 2 * made.length)];
      if (x.ndim === 0) continue;
      const y = made[Math.floor(numbers[2] * made.length)];
      const result = operations[op](x, y, pick);
      if (result && result.size <= largestSize && result.ndim <= largestRank) made.push(result);
    }
    return made.slice(-3);
  };
}

const unit = fc.integer({ min: 0, max: 999 }).map((n) => n / 1000);
export const choices: fc.Arbitrary<Choice[]> = fc.array(
  fc.record({
    op: fc.constantFrom(...Object.keys(operations)),
    numbers: fc.array(unit, { minLength: 4, maxLength: 4 }),
  }),
  { minLength: 1, maxLength: 14 },
);

const shape = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 });
export const inputs: fc.Arbitrary<[HostArray, HostArray]> = fc.tuple(shape, shape).map(([a, b]) => {
  const array = (lengths: number[], from: number) => {
    const size = lengths.reduce((x, y) => x * y, 1);
    return float32(lengths, ramp(size + from).slice(from));
  };
  return [array(a, 0), array(b, 7)];
});

/** Random programs: how they are drawn, and how many a test draws, from which seed. */
export interface RandomCases {
  readonly cases: fc.Arbitrary<Case>;
  readonly numRuns: number;
  readonly seed: number;
}

export const values: RandomCases = {
  cases: fc
    .tuple(choices, inputs)
    .map(([list, args]) => ({ name: named(list), fn: randomFunction(list), args, tolerance: 1e-4 })),
  numRuns: 250,
  seed: 1,
};

export const gradients: RandomCases = {
  cases: fc.tuple(choices, inputs).map(([list, [a, b]]) => ({
    name: named(list),
    fn: (x: { a: NdArray; b: NdArray }) => valueAndGrad(weighted(randomFunction(list)))(x),
    args: [{ a, b }],
    tolerance: 3e-4,
    // Not on `cpu`: it keeps more digits in some operands of a comparison, and a maximum misses itself.
    device: "wasm",
  })),
  numRuns: 150,
  seed: 2,
};

function named(list: readonly Choice[]): string {
  return list.map(({ op }) => op).join(", ");
}

function weighted(fn: ReturnType<typeof randomFunction>) {
  return ({ a, b }: { a: NdArray; b: NdArray }): [NdArray, object] => {
    const terms = fn(a, b).map((x) => np.sum(np.multiply(x, np.cos(x))));
    return [terms.reduce((sum, term) => np.add(sum, term)), {}];
  };
}

/** The same cases everywhere. */
export function drawn({ cases, numRuns, seed }: RandomCases): Case[] {
  return fc.sample(cases, { numRuns, seed });
}
