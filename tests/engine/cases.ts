/** What the engine must compute as jax-js does, primitive by primitive: in Node, and in a page on each of its devices. */
import type { NdArray } from "../../src/engine/array.ts";
import { astype, lax, nn, np, slice, take, valueAndGrad } from "../../src/engine/array.ts";
import type { HostArray, QuantisedArray, Tree } from "../../src/engine/host.ts";
import { float32, int32 } from "../../src/engine/host.ts";
import { activate, activationNames } from "../../src/nn/activation.ts";
import { attend, attentionRows, logAttentionRows } from "../../src/nn/attention.ts";
import { linear } from "../../src/nn/linear.ts";
import { layerNorm, rmsNorm } from "../../src/nn/norm.ts";
import { embedPatches } from "../../src/nn/patch.ts";
import { inverseFrequencies, rotaryTables, rotate } from "../../src/nn/rotary.ts";
import { logSoftmax, softmax } from "../../src/nn/softmax.ts";
import { ramp } from "./ramp.ts";

/** A function with arguments. */
export interface Case {
  readonly name: string;
  /** Over trees of arrays. */
  readonly fn: unknown;
  readonly args: readonly Tree<HostArray>[];
  /** What stands first among the arguments and is compiled in, in few bits, with the values that it stands for. */
  readonly weight?: { readonly stored: QuantisedArray; readonly plain: HostArray };
  /** Relative to the larger of 1 and the value; default 2e-5. */
  readonly tolerance?: number;
  /** On which jax-js computes what is right; default `cpu`. */
  readonly device?: "cpu" | "wasm";
}

const x23 = float32([2, 3], ramp(6));
const x234 = float32([2, 3, 4], ramp(24));

const unary: Readonly<Record<string, (x: NdArray) => NdArray>> = {
  negative: np.negative,
  reciprocal: (x) => np.reciprocal(np.add(x, 3)),
  exp: np.exp,
  log: (x) => np.log(np.add(x, 3)),
  sqrt: (x) => np.sqrt(np.add(x, 3)),
  sin: np.sin,
  cos: np.cos,
  arcsin: (x) => np.arcsin(np.multiply(x, 0.3)),
  arctan: np.arctan,
  floor: np.floor,
  ceil: np.ceil,
  erf: lax.erf,
  erfc: lax.erfc,
  tanh: np.tanh,
  sigmoid: nn.sigmoid,
  gelu: nn.gelu,
  silu: nn.silu,
  transpose: (x) => np.transpose(x),
  flip: (x) => np.flip(x, 1),
  pad: (x) =>
    np.pad(x, [
      [1, 2],
      [0, 3],
    ]),
  sum: (x) => np.sum(x, 0),
  max: (x) => np.max(x, 1),
  min: (x) => np.min(x),
  prod: (x) => np.prod(x, 0),
  any: (x) => np.any(np.greater(x, 0.5), 1),
  all: (x) => np.all(np.greater(x, -0.5), 1),
  sort: (x) => np.sort(x, 1),
  argsort: (x) => np.argsort(x, 1),
  cumsum: (x) => np.cumsum(x, 1),
  "broadcast then sum": (x) => np.sum(np.broadcastTo(x, [5, 2, 3]), [0, 2]),
  "broadcast then reshape": (x) => np.reshape(np.broadcastTo(np.reshape(x, [2, 1, 3]), [2, 4, 3]), [8, 3]),
  softmax: (x) => nn.softmax(x, -1),
  logSoftmax: (x) => nn.logSoftmax(x, -1),
  standardize: (x) => nn.standardize(x, -1),
  where: (x) => np.where(np.greater(x, 0), x, np.multiply(x, 2)),
  "where of booleans": (x) => np.where(np.greater(x, 0), np.less(x, 0.5), np.greater(x, -0.5)),
  mod: (x) => np.fmod(x, 0.3),
  clip: (x) => np.clip(x, -0.5, 0.5),
  cast: (x) => np.astype(np.multiply(x, 10), np.int32),
  "split and concatenate": (x) => np.concatenate([slice(x, 1, 1, 3), slice(x, 1, 0, 2)], 1),
  "cancelled surrogate": (x) => {
    const y = np.exp(x);
    return np.add(lax.stopGradient(x), np.subtract(y, lax.stopGradient(y)));
  },
};

const a = int32([5], [7, -7, 9, 4, -1]);
const arithmetic: readonly Case[] = [
  { name: "division", fn: (x: NdArray) => np.floorDivide(x, 3), args: [float32([5], [7, -7, 9, 4, -1.5])] },
  { name: "remainder", fn: (x: NdArray) => np.remainder(x, 3), args: [a] },
];

/** Axes of batches, free axes and repeated ones. */
const products: readonly Case[] = [
  ...(
    [
      ["bij,bkj->bik", [2, 5, 4]],
      ["bij,jk->bik", [4, 2]],
      ["bij,hij->bh", [2, 3, 4]],
      ["bij,i->bj", [3]],
    ] as const
  ).map(([letters, shape]) => ({
    name: `dot ${letters}`,
    fn: (x: NdArray, y: NdArray) => np.einsum(letters, x, y),
    args: [x234, float32(shape, ramp(shape.reduce((p, q) => p * q, 1)))],
  })),
  { name: "dot with ones", fn: (x: NdArray) => np.matmul(x, np.ones([4, 3])), args: [x234] },
  {
    name: "dot of vectors",
    fn: (x: NdArray, y: NdArray) => np.dot(x, y),
    args: [float32([4], ramp(4)), float32([4], ramp(4))],
  },
];

const image = float32([2, 3, 8, 8], ramp(384));
const kernel = float32([4, 3, 3, 3], ramp(108));
const padding: [number, number][] = [
  [1, 1],
  [0, 2],
];
const conv = (options: object) => (x: NdArray, w: NdArray) =>
  lax.convGeneralDilated(x, w, [1, 1], padding, options as never);
const convolutions: readonly Case[] = [
  {
    name: "convolution with strides",
    fn: (x: NdArray, w: NdArray) => lax.convGeneralDilated(x, w, [2, 2], "SAME"),
    args: [image, kernel],
  },
  { name: "convolution, dilated kernel", fn: conv({ rhsDilation: [2, 2] }), args: [image, kernel] },
  { name: "convolution, dilated image", fn: conv({ lhsDilation: [2, 2] }), args: [image, kernel] },
  {
    name: "convolution in groups",
    fn: conv({ featureGroupCount: 3 }),
    args: [image, float32([6, 1, 3, 3], ramp(54))],
  },
];

const ids = (...values: number[]) => np.array(values, { dtype: np.int32 });
const table = float32([5, 4], ramp(20));
const lookUps: readonly Case[] = [
  {
    name: "rows by index",
    fn: (t: NdArray, i: NdArray) => take(t, i),
    args: [table, int32([2, 3], [0, 4, 4, 2, 0, 1])],
  },
  { name: "columns by index", fn: (t: NdArray) => t.ref.slice([], ids(1, 3)), args: [table] },
  { name: "elements by indices", fn: (t: NdArray) => t.ref.slice(ids(1, 3), ids(0, 2)), args: [table] },
  {
    name: "sliding windows",
    fn: (x: NdArray) => lax.reduceWindow(x, np.max as never, [2, 2], [2, 2]),
    args: [float32([2, 4, 6], ramp(48))],
  },
];

const ties = float32([2, 6], [1, 2, 2, 0, 2, 1, 3, 3, 3, 3, 3, 3]);
const tops: readonly Case[] = [
  { name: "top 2", fn: (x: NdArray) => lax.topK(x, 2, -1), args: [x23] },
  { name: "top 1", fn: (x: NdArray) => lax.topK(x, 1, -1), args: [x23] },
  { name: "top 3 of more axes", fn: (x: NdArray) => lax.topK(x, 3, -1), args: [x234] },
  { name: "top 2 of the first axis", fn: (x: NdArray) => lax.topK(x, 2, 0), args: [x234] },
  { name: "places of the top 2", fn: (x: NdArray) => lax.topK(x, 2, -1)[1], args: [x234] },
  { name: "top 4 of equal values", fn: (x: NdArray) => lax.topK(x, 4, -1), args: [ties] },
  {
    name: "top 2 beside all sorted",
    fn: (x: NdArray) => [...lax.topK(x, 2, -1), np.argsort(x, -1)],
    args: [x23],
  },
];

export const primitives: readonly Case[] = [
  ...Object.entries(unary).map(([name, fn]) => ({ name, fn, args: [x23] })),
  ...arithmetic,
  ...products,
  ...convolutions,
  ...lookUps,
  ...tops,
];

const large = (...shape: number[]) =>
  float32(
    shape,
    ramp(shape.reduce((p, q) => p * q)).map((x) => 3 * x),
  );
const mixed = (query: NdArray, key: NdArray, value: NdArray) => attend({ query, key, value }).mixed;

/** Attention whose pattern nobody reads, large enough to be one operation: B, S, T, H, G, K. */
export const attentions: readonly Case[] = [
  ...[
    [2, 130, 130, 2, 1, 8],
    [1, 130, 130, 2, 3, 8],
    [2, 128, 200, 3, 1, 4],
    [1, 140, 140, 1, 1, 8],
  ].map(([B, S, T, H, G, K]) => ({
    name: `attention: B ${B}, S ${S}, T ${T}, H ${H}, G ${G}, K ${K}`,
    fn: mixed,
    args: [large(B, S, H, G, K), large(B, T, H, K), large(B, T, H, K)],
    device: "wasm" as const,
  })),
  {
    name: "attention: heads that are axes of one projection",
    fn: (x: NdArray, y: NdArray) => {
      const heads = np.reshape(y, [2, 130, 2, 8]);
      return np.transpose(mixed(np.reshape(x, [2, 130, 2, 1, 8]), heads, heads));
    },
    args: [large(2, 130, 16), large(2, 130, 16)],
    device: "wasm",
  },
];

type Leaves = Readonly<Record<string, NdArray>>;

/** The value and the gradient of a scalar in which every element has a weight of its own. */
function gradientOf(fn: (x: Leaves) => NdArray) {
  const loss = (x: Leaves): [NdArray, object] => {
    const y = fn(x);
    const place = astype(np.reshape(np.arange(y.size), y.shape), "float32");
    return [np.sum(np.multiply(y, np.cos(place))), {}];
  };
  return (x: Leaves) => valueAndGrad(loss)(x);
}

const array = (...shape: number[]) => float32(shape, ramp(shape.reduce((p, q) => p * q)));
const x = array(2, 3, 4);
const [w, b] = [array(4), float32([4], ramp(9).slice(5))];
const heads = { query: array(2, 3, 2, 2, 4), key: array(2, 3, 2, 4), value: array(2, 3, 2, 4) };

/** Layers and their gradients. */
export const layers: readonly Case[] = [
  ...(
    [
      ["linear", (p) => linear({ weight: p.w, bias: p.b }, p.x), { x, w: array(5, 4), b: array(5) }],
      ["RMS norm", (p) => rmsNorm({ weight: p.w }, p.x, 1e-5), { x, w }],
      ["layer norm", (p) => layerNorm({ weight: p.w, bias: p.b }, p.x, 1e-5), { x, w, b }],
      ["softmax", (p) => softmax(p.x), { x }],
      ["log-softmax", (p) => logSoftmax(p.x), { x }],
      [
        "patch embedding",
        (p) => embedPatches(p.weight, p.pixels),
        { weight: array(5, 3, 2, 2), pixels: array(2, 3, 4, 6) },
      ],
      ["attention", (p) => attend({ query: p.query, key: p.key, value: p.value }).mixed, heads],
      ["attention rows", (p) => attentionRows(slice(p.query, 1, 2, 3), p.key), heads],
      ["logarithms of attention rows", (p) => logAttentionRows(p.query, slice(p.key, 1, 0, 2)), heads],
      ...activationNames.map((name) => [name, (p: Leaves) => activate(name, p.x), { x }] as const),
    ] as readonly (readonly [string, (p: Leaves) => NdArray, Readonly<Record<string, HostArray>>])[]
  ).map(([name, fn, args]) => ({
    name: `gradient of ${name}`,
    fn: gradientOf(fn),
    args: [args],
    tolerance: 1e-4,
    device: "wasm" as const,
  })),
  {
    name: "rotary embedding",
    fn: (y: NdArray, positions: NdArray) => rotate(y, rotaryTables(positions, inverseFrequencies(4, 100))),
    args: [array(2, 3, 2, 4), int32([2, 3], [0, 1, 2, 5, 600, 7000])],
  },
];

/** A matrix whose codes count up through all their values, from a start that changes from block to block. */
export function quantised(O: number, I: number, bits: 4 | 8, blockSize: number): [QuantisedArray, HostArray] {
  const J = Math.ceil(I / blockSize);
  const levels = 2 ** bits;
  const scales = Float32Array.from({ length: O * J }, (_, i) => 2 ** -(i % 5) / levels);
  const all = Uint8Array.from({ length: O * J * blockSize }, (_, i) => {
    const column = i % (J * blockSize);
    return column < I ? (i * 7 + Math.floor(i / blockSize) * 3) % levels : levels / 2;
  });
  const values = float32([O, I]);
  for (let o = 0; o < O; o++)
    for (let i = 0; i < I; i++) {
      const code = all[o * J * blockSize + i] - levels / 2;
      values.data[o * I + i] = code * scales[o * J + Math.floor(i / blockSize)];
    }
  const codes =
    bits === 8
      ? all
      : Uint8Array.from({ length: all.length / 2 }, (_, i) => all[2 * i] | (all[2 * i + 1] << 4));
  return [{ dtype: "float32", shape: [O, I], bits, blockSize, codes, scales }, values];
}

const sizes = [
  [64, 32],
  [40, 16],
  [128, 128],
] as const;

/** Products, look-ups and slices of matrices in few bits. */
export const fewBits: readonly Case[] = ([4, 8] as const).flatMap((bits) =>
  sizes.flatMap(([I, blockSize]) => {
    const [stored, plain] = quantised(6, I, bits, blockSize);
    const named = (what: string) => `${bits} bits, ${I} columns in blocks of ${blockSize}: ${what}`;
    const weight = { stored, plain };
    return [
      {
        name: named("product"),
        fn: (m: NdArray, y: NdArray) => np.einsum("abi,oi->abo", y, m),
        args: [float32([2, 3, I], ramp(6 * I))],
        weight,
        tolerance: 2e-2, // They round the other operand, by half a step of 1/127; capabilities.test.ts has them without.
      },
      {
        name: named("product from the other side"),
        fn: (m: NdArray, y: NdArray) => np.einsum("abo,oi->abi", y, m),
        args: [float32([2, 3, 6], ramp(36))],
        weight,
      },
      {
        name: named("rows"),
        fn: (m: NdArray, i: NdArray) => take(m, i),
        args: [int32([3], [4, 0, 5])],
        weight,
      },
      {
        name: named("slice"),
        fn: (m: NdArray, y: NdArray) => np.add(slice(m, 0, 2, 5), y),
        args: [float32([], [1])],
        weight,
      },
    ];
  }),
);
