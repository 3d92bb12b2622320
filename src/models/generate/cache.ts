/**
 * What generation keeps on the host of the prompts and the tokens said: columns (keys and values) or states of each layer,
 * as its kind says, and which columns the next token sees. Prompts stand in N slots. The columns of B rows of prompts are kept
 * once for all prompts of a row, R at most, so N = B R: P columns, then room for T of each slot's own new tokens.
 */
import { mapValues } from "../../common/map-values.ts";
import { float32, type HostArray, sizeOf } from "../../engine/host.ts";
import type { PartedColumns } from "../../nn/attend-cache.ts";
import { MASKED } from "../../nn/softmax.ts";
import { isInWindow } from "../../nn/visibility.ts";
import { type KeptLayer, type LayerCache, type LayerKind, windowsOf } from "../decoder/layer.ts";
import type { PlacedPrompt } from "./shared-rows.ts";

type Floats = HostArray<"float32">;

export interface Cache {
  readonly kinds: readonly LayerKind[];
  /** For each slot its prompt; undefined where there is none. */
  readonly slots: readonly (number | undefined)[];
  /** P */
  readonly promptLength: number;
  /** T */
  readonly room: number;
  readonly layers: readonly KeptLayer<Floats>[];
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

/** What the pass over whole prompts gave, as it is, with room for `room` new tokens; B rows. */
export function openCache(
  kinds: readonly LayerKind[],
  fresh: readonly LayerCache<HostArray>[],
  { promptLength, width, places }: PromptPlaces,
  { rows, room }: { readonly rows: number; readonly room: number },
): Cache {
  const slots = new Array<number | undefined>(rows * width).fill(undefined);
  for (const [p, { row, index }] of places.entries()) slots[row * width + index] = p;
  const layers = eachArray(kinds, fresh, (array, columns) =>
    columns === undefined ? array : { shared: array, own: emptyOwn(columns, slots.length, room) },
  );
  return { kinds, slots, promptLength, room, layers };
}

/** [N, H, T, K] */
function emptyOwn([H, K]: readonly [number, number], slots: number, room: number): Floats {
  return float32([slots, H, room, K]);
}

/** Calls `f` with each array that a pass gave, and the shape [H, K] of a column where it holds columns. */
function eachArray<T, A>(
  kinds: readonly LayerKind[],
  layers: readonly Readonly<Record<string, A>>[],
  f: (array: Floats, columns: readonly [number, number] | undefined, name: string, layer: number) => T,
): Readonly<Record<string, T>>[] {
  return layers.map((layer, i) =>
    mapValues(layer, (array, name) => {
      const form = kinds[i].cache[name];
      return f(array as Floats, form.form === "columns" ? form.shape : undefined, name, i);
    }),
  );
}

/** Keeps each slot's newest token, its column number `at` of its own or its state. */
export function keepNewest(cache: Cache, fresh: readonly LayerCache<HostArray>[], at: number): void {
  eachArray(cache.kinds, fresh, ({ data }, columns, name, layer) => {
    const kept = cache.layers[layer][name];
    if (columns === undefined) return (kept as Floats).data.set(data);
    const [H, K] = columns;
    const { own } = kept as PartedColumns<Floats>;
    for (let head = 0; head < cache.slots.length * H; head++)
      own.data.set(data.subarray(head * K, (head + 1) * K), (head * cache.room + at) * K);
  });
}

/** The same cache with room for more new tokens. */
export function grownCache(cache: Cache, room: number): Cache {
  const layers = eachKept(cache, (kept, columns) => {
    if (columns === undefined) return kept as Floats;
    const { shared, own } = kept as PartedColumns<Floats>;
    const wider = emptyOwn(columns, cache.slots.length, room);
    const [from, to] = [cache.room * columns[1], room * columns[1]];
    for (let head = 0; head < cache.slots.length * columns[0]; head++)
      wider.data.set(own.data.subarray(head * from, (head + 1) * from), head * to);
    return { shared, own: wider };
  });
  return { ...cache, room, layers };
}

/** Some slots of it, `size` with empty ones behind, each with its row's columns for itself. */
export function pickedCache(cache: Cache, picked: readonly number[], rows: number, size: number): Cache {
  const width = cache.slots.length / rows;
  const ofRows = picked.map((slot) => Math.floor(slot / width));
  const layers = eachKept(cache, (kept, columns) => {
    if (columns === undefined) return gathered(kept as Floats, picked, size);
    const { shared, own } = kept as PartedColumns<Floats>;
    return { shared: gathered(shared, ofRows, size), own: gathered(own, picked, size) };
  });
  const slots = Array.from({ length: size }, (_, i) => cache.slots[picked[i]]);
  return { ...cache, slots, layers };
}

function eachKept(
  { kinds, layers }: Cache,
  f: (
    kept: Floats | PartedColumns<Floats>,
    columns: readonly [number, number] | undefined,
  ) => Floats | PartedColumns<Floats>,
): readonly KeptLayer<Floats>[] {
  return layers.map((layer, i) =>
    mapValues(layer, (kept, name) => {
      const form = kinds[i].cache[name];
      return f(kept, form.form === "columns" ? form.shape : undefined);
    }),
  );
}

/** Entries of the first axis, in this order, then nothing up to `size` of them. */
function gathered(array: Floats, indices: readonly number[], size: number): Floats {
  const [, ...rest] = array.shape;
  const share = sizeOf(rest);
  const some = float32([size, ...rest]);
  for (const [i, index] of indices.entries())
    some.data.set(array.data.subarray(index * share, (index + 1) * share), i * share);
  return some;
}

/**
 * For each window of the layers, which columns each slot's new token after `count` others sees beside itself, [N, P + T]: 0
 * or {@link MASKED}.
 */
export function cacheMasks(cache: Cache, { columns }: Pick<PromptPlaces, "columns">, count: number) {
  const { kinds, slots, promptLength, room } = cache;
  const C = promptLength + room;
  return windowsOf(kinds).map((window) => {
    const mask = float32([slots.length, C]);
    mask.data.fill(MASKED);
    for (const [slot, prompt] of slots.entries()) {
      const seen = prompt === undefined ? [] : columns[prompt];
      const see = (column: number, distance: number) => {
        if (isInWindow(distance, window)) mask.data[slot * C + column] = 0;
      };
      for (const [i, column] of seen.entries()) see(column, seen.length + count - i);
      for (let k = 0; k < count; k++) see(promptLength + k, count - k);
    }
    return mask;
  });
}
