/**
 * The rows of the last layer that somebody reads: nothing comes after it, so a loss at the image tokens and the answers needs
 * neither the other rows' queries nor their MLP. B rows of a batch, S positions.
 */
import { indicator, type NdArray, np, slice } from "../../engine/array.ts";
import { sizeOf } from "../../engine/host.ts";
import { oneHotPositions, rowsOfMask } from "../../nn/attention.ts";
import { causalRows, type MaskOptions, rowBlocks, visibilityMask } from "../../nn/visibility.ts";
import type { LastRows } from "../contract/family.ts";
import type { RowPart } from "../decoder/layer.ts";
import type { SomeRows } from "../decoder/layers.ts";
import type { ImageLayout } from "../inputs/inputs.ts";
import { imageSpans } from "../inputs/layout.ts";

/** Of all positions, those that must be left out to be worth another form of the layer. */
const worthLeaving = 0.2;

/** Undefined where most rows are read. `optionsOf`: who sees whom through a window. */
export function someRows(
  { images, positions }: LastRows,
  segmentIds: NdArray,
  layout: ImageLayout,
  optionsOf: (window: number | null) => MaskOptions,
): SomeRows | undefined {
  const [, S] = segmentIds.shape;
  const [start, stop] = images ? hullOf(layout) : [0, 0];
  const chosen = positions === undefined ? 0 : positions.shape[1];
  if (stop - start + chosen > (1 - worthLeaving) * S || stop - start + chosen === 0) return undefined;
  const parts = neighbours(start, stop, segmentIds, optionsOf);
  if (positions === undefined) return { parts, spread: (rows) => widened(rows, start, S) };
  const oneHot = oneHotPositions(positions, S);
  return {
    parts: [...parts, picked(oneHot, positions, segmentIds, optionsOf)],
    spread(rows) {
      const own = np.einsum(
        "bms,bmd->bsd",
        sharesOf(oneHot, start, stop),
        slice(rows, 1, stop - start, rows.shape[1]),
      );
      return stop === start ? own : np.add(own, widened(slice(rows, 1, 0, stop - start), start, S));
    },
  };
}

/** From the first image token to behind the last one; what stands between images is computed too. */
function hullOf(layout: ImageLayout): [start: number, stop: number] {
  const spans = imageSpans(layout);
  if (spans.length === 0) return [0, 0];
  return [
    Math.min(...spans.map(({ start }) => start)),
    Math.max(...spans.map(({ start, length }) => start + length)),
  ];
}

type Options = (window: number | null) => MaskOptions;

/** Queries [start, stop) in blocks. */
function neighbours(start: number, stop: number, segmentIds: NdArray, optionsOf: Options): RowPart[] {
  const [, S] = segmentIds.shape;
  const first = rowBlocks(start, stop, S, optionsOf(null));
  return first.map((block) => ({
    keys: block.keys,
    pick: (x) => slice(x, 1, block.start, block.stop),
    mask: (window) => visibilityMask(segmentIds, optionsOf(window), block),
  }));
}

/** Queries that one-hot rows [B, M, S] pick. */
function picked(oneHot: NdArray, positions: NdArray, segmentIds: NdArray, optionsOf: Options): RowPart {
  const [, S] = segmentIds.shape;
  return {
    keys: S,
    pick(x) {
      const [B, , ...rest] = x.shape;
      const flat = np.reshape(x, [B, S, sizeOf(rest)]);
      return np.reshape(np.matmul(oneHot, flat), [B, oneHot.shape[1], ...rest]);
    },
    mask(window) {
      const options = optionsOf(window);
      const isPlain = window === null && (options.visibility ?? "causal") === "causal";
      if (isPlain) return causalRows(segmentIds, positions, oneHot);
      return rowsOfMask(oneHot, visibilityMask(segmentIds, options));
    },
  };
}

/** One-hot rows [B, M, S] outside [start, stop), a position that several pick divided among them. */
function sharesOf(oneHot: NdArray, start: number, stop: number): NdArray {
  const places = np.arange(oneHot.shape[2]);
  const outside = np.add(
    indicator(np.less(places, start), oneHot),
    indicator(np.greaterEqual(places, stop), oneHot),
  );
  const count = np.maximum(np.sum(oneHot, 1, { keepdims: true }), 1);
  return np.divide(np.multiply(oneHot, outside), count);
}

/** [B, R, D] in columns [start, start + R) of [B, S, D], zeros beside them. */
function widened(rows: NdArray, start: number, S: number): NdArray {
  const [B, R, D] = rows.shape;
  const zeros = (length: number) => (length === 0 ? [] : [np.zeros([B, length, D], { dtype: rows.dtype })]);
  const parts = [...zeros(start), rows, ...zeros(S - start - R)];
  return parts.length === 1 ? rows : np.concatenate(parts, 1);
}
