import * as jax from "@jax-js/jax";
import { astype, type NdArray, nn, np, slice } from "../../src/engine/array.ts";
import { float32, type HostArray, int32, isLeaf, type Tree } from "../../src/engine/host.ts";
import { openSafetensors } from "../../src/hub/weights/safetensors.ts";
import type { PromptRow } from "../../src/models/contract/generation.ts";
import type { ImageLayout, ModelInputs, RowLayout } from "../../src/models/inputs/inputs.ts";
import { onePicture, type PixelRule } from "../../src/models/inputs/padding.ts";
import { imageTokenCount, type LlavaConfig, patchGrid } from "../../src/models/llava/config.ts";
import { llava } from "../../src/models/llava/family.ts";
import type { LlavaParams } from "../../src/models/llava/params.ts";
import { mapTree } from "../../src/nn/init.ts";

export const fixtureNames = ["grouped", "tied", "several"] as const;
export type FixtureName = (typeof fixtureNames)[number];

/** Tokens before the image in the fixtures' rows (`make.py`). */
export const imageStart = 2;

export interface Fixture {
  readonly config: LlavaConfig;
  readonly params: LlavaParams<HostArray>;
  readonly inputs: ModelInputs<HostArray>;
  readonly layout: ImageLayout;
  /** Where each row has its image. */
  readonly rows: RowLayout;
  /** What transformers computed, by name. */
  readonly reference: (name: string) => Promise<HostArray>;
}

export const fixtureFolder = (name: FixtureName) =>
  new URL(`../fixtures/llava/${name}/`, import.meta.url).pathname;

export async function loadFixture(name: FixtureName): Promise<Fixture> {
  const folder = fixtureFolder(name);
  const {
    family: { config },
    params,
  } = await llava.load(folder);
  const file = await openSafetensors(`${folder}reference.safetensors`);
  const inputIds = await file.read("input_ids");
  return {
    config,
    params,
    inputs: plainRows(await file.read("pixel_values"), inputIds),
    layout: oneImage(config, imageStart),
    rows: { images: [{ spans: oneImage(config, imageStart).images[0].spans, shape: patchGrid(config) }] },
    reference: (tensor) => file.read(tensor),
  };
}

/** Rows whose only image begins at column `start`. */
export function oneImage(config: LlavaConfig, start: number): ImageLayout {
  return { images: [{ spans: [{ start, length: imageTokenCount(config) }], pixels: 1 }] };
}

/** Unpadded, unpacked rows. */
export function plainRows(pixelValues: HostArray, inputIds: HostArray): ModelInputs<HostArray> {
  const [B, S] = inputIds.shape;
  const positions = Array.from({ length: B * S }, (_, i) => i % S);
  return {
    pixelValues,
    inputIds,
    positionIds: int32([B, S], positions),
    segmentIds: int32([B, S]),
  };
}

/** Rows of ids with their images as a generator takes them; `pixels` of all rows, by the family's rule. */
export function promptRows(
  ids: readonly (readonly number[])[],
  layout: RowLayout,
  pixels: HostArray,
  rule: PixelRule = onePicture,
): PromptRow[] {
  const [, ...rest] = pixels.shape;
  const one = rest.reduce((size, axis) => size * axis, 1);
  let at = 0;
  return ids.map((row) => {
    const images = layout.images.map(({ shape }) => {
      const share = rule.of(shape);
      at += share * one;
      const data = (pixels.data as Float32Array).slice(at - share * one, at);
      return { pixelValues: float32([share, ...rest], data) };
    });
    return { ids: row, layout, images };
  });
}

const isHostArray = isLeaf as (x: unknown) => x is HostArray;

/** Host arrays of a tree as jax-js arrays on its default device. */
export function toJax<T>(tree: T): Traced<T> {
  return mapTree(tree as Tree<HostArray>, isHostArray, ({ data, dtype, shape }) =>
    jax.numpy.array(data as never, { shape: [...shape], dtype: dtype as never }),
  ) as Traced<T>;
}

/** A tree of host arrays, with traced arrays for leaves. */
export type Traced<T> = T extends HostArray
  ? NdArray
  : T extends object
    ? { readonly [K in keyof T]: Traced<T[K]> }
    : T;

/** Largest |actual - expected| / (1 + |expected|). */
export function distance(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i] - expected[i]) / (1 + Math.abs(expected[i]));
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

/** {@link distance} of a concrete jax-js array from a host array; infinite when the shapes differ. */
export function distanceFrom(actual: NdArray, expected: HostArray): number {
  if (actual.shape.join() !== expected.shape.join()) return Number.POSITIVE_INFINITY;
  return distance(actual.ref.dataSync() as Float32Array, expected.data);
}

/** Mean cross-entropy over the labels that are not -100: position s predicts label s + 1. */
export function nextTokenLoss(logits: NdArray, labels: NdArray): NdArray {
  const [, S, V] = logits.shape;
  const next = slice(labels, 1, 1, S);
  const logProbabilities = nn.logSoftmax(slice(logits, 1, 0, S - 1), -1);
  const hot = astype(np.equal(np.expandDims(next, 2), np.arange(V)), "float32");
  const counted = np.sum(astype(np.greaterEqual(next, 0), "float32"));
  return np.negative(np.divide(np.sum(np.multiply(logProbabilities, hot)), counted));
}
