/**
 * What generation keeps on the host of the prompts and the tokens said: columns (keys and values) or states of each layer,
 * as its kind says, and which columns the next token sees. B prompts, C columns: P of the prompts' rows, then one for each
 * new token.
 */
import { mapValues } from "../../common/map-values.ts";
import { float32, type HostArray, sizeOf } from "../../engine/host.ts";
import { MASKED } from "../../nn/softmax.ts";
import { isInWindow } from "../../nn/visibility.ts";
import { type LayerCache, type LayerKind, windowsOf } from "../decoder/layer.ts";
import type { PlacedPrompt } from "./shared-rows.ts";

/** What each layer keeps, in the forms of its kind, and how many columns there is room for. */
export interface Cache {
  readonly kinds: readonly LayerKind[];
  readonly batch: number;
  readonly capacity: number;
  readonly layers: readonly LayerCache<HostArray<"float32">>[];
}

export function emptyCache(kinds: readonly LayerKind[], batch: number, capacity: number): Cache {
  const layers = kinds.map(({ cache }) =>
    mapValues(cache, ({ form, shape }) =>
      float32(form === "columns" ? [batch, capacity, ...shape] : [batch, ...shape]),
    ),
  );
  return { kinds, batch, capacity, layers };
}

/** Calls `f` with each array of the cache, its form, and the fresh one of the same name. */
function eachArray(
  { kinds, layers }: Cache,
  fresh: readonly LayerCache<HostArray>[],
  f: (kept: HostArray<"float32">, form: "columns" | "state", fresh: HostArray) => void,
): void {
  for (const [i, layer] of layers.entries())
    for (const [name, kept] of Object.entries(layer)) f(kept, kinds[i].cache[name].form, fresh[i][name]);
}

/** Where prompts stand in the rows that they share. */
export interface PromptPlaces {
  /** P */
  readonly promptLength: number;
  /** Prompts of a row at most, R. */
  readonly width: number;
  readonly places: readonly PlacedPrompt[];
  /** For each prompt, the columns of its tokens, in their order. */
  readonly columns: readonly (readonly number[])[];
}

/** Every prompt gets a copy of its row's columns, and its own states of [rows R, ...]. */
export function keepPrompts(
  cache: Cache,
  fresh: readonly LayerCache<HostArray>[],
  { promptLength, width, places }: PromptPlaces,
): void {
  eachArray(cache, fresh, (kept, form, { data }) => {
    const share = sizeOf(kept.shape) / cache.batch;
    const size = form === "columns" ? (share / cache.capacity) * promptLength : share;
    for (const [p, { row, index }] of places.entries()) {
      const from = form === "columns" ? row : row * width + index;
      kept.data.set((data as Float32Array).subarray(from * size, (from + 1) * size), p * share);
    }
  });
}

/** Keeps `count` new columns [B, count, ...] from column `start` on, and new states in place of those before. */
export function keepColumns(
  cache: Cache,
  fresh: readonly LayerCache<HostArray>[],
  start: number,
  count: number,
): void {
  eachArray(cache, fresh, (kept, form, { data }) => {
    if (form === "state") return kept.data.set(data as Float32Array);
    const share = sizeOf(kept.shape) / cache.batch;
    const column = share / cache.capacity;
    for (let b = 0; b < cache.batch; b++) {
      const own = (data as Float32Array).subarray(b * count * column, (b + 1) * count * column);
      kept.data.set(own, b * share + start * column);
    }
  });
}

/** The same cache with twice the room for new tokens after P columns of prompts. */
export function grownCache(cache: Cache, promptLength: number): Cache {
  const larger = emptyCache(cache.kinds, cache.batch, 2 * cache.capacity - promptLength);
  keepColumns(larger, cache.layers, 0, cache.capacity);
  return larger;
}

/**
 * For each window of the layers, which columns the new token after `count` others sees beside itself, [B, C]: 0 or
 * {@link MASKED}.
 */
export function cacheMasks({ kinds, batch, capacity }: Cache, prompts: PromptPlaces, count: number) {
  return windowsOf(kinds).map((window) => {
    const mask = float32([batch, capacity]);
    mask.data.fill(MASKED);
    for (const [b, columns] of prompts.columns.entries()) {
      const see = (column: number, distance: number) => {
        if (isInWindow(distance, window)) mask.data[b * capacity + column] = 0;
      };
      for (const [i, column] of columns.entries()) see(column, columns.length + count - i);
      for (let k = 0; k < count; k++) see(prompts.promptLength + k, count - k);
    }
    return mask;
  });
}
