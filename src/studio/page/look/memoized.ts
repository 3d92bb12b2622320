/** The maps of Look, made once for as long as what they show stays the same. */
import type { ImageGeometry } from "../../../common/image.ts";
import type { Region } from "../../../grounding/region.ts";
import { type Column, coverageOf } from "./columns.ts";
import { idOf, type Memo } from "./memo.ts";
import type { LookState } from "./state.ts";
import {
  lensOf,
  lookOf,
  type MapView,
  relevanceIn,
  type SharedScale,
  type Side,
  sharedScale,
  viewOf,
} from "./views.ts";

export function scaleOf(memo: Memo, columns: readonly Column[], state: LookState): SharedScale | undefined {
  const { over, space, ramp, own, token, head } = state;
  const results = columns.map((column) => [
    idOf(lensOf(column, "before")),
    idOf(lookOf(column, "before")),
    column.attending,
  ]);
  const relevant = over === "relevance" && columns.map(({ relevance }) => idOf(relevance));
  // A scale of attention's own spans what is shown.
  const shown =
    over === "attention" && own ? [token, head, results] : results.map(([lens, look]) => [lens, look]);
  return memo(`scale ${JSON.stringify([over, space, ramp, own, shown, relevant])}`, () =>
    sharedScale(columns, state),
  );
}

export function mapOf(
  memo: Memo,
  column: Column,
  side: Side,
  state: LookState,
  shared: SharedScale | undefined,
): MapView {
  const { letter, layer, attending } = column;
  const { over, token, head } = state;
  const places = {
    concept: [layer],
    words: [layer],
    attention: [attending, token, head],
    relevance: [token],
  };
  const result = {
    concept: lensOf(column, side),
    words: lensOf(column, side),
    attention: lookOf(column, side),
    relevance: relevanceIn(column, side),
  };
  const key = JSON.stringify([letter, over, places[over], idOf(result[over]), idOf(shared)]);
  return memo(`map ${key}`, () => viewOf(column, side, state, shared));
}

/** How much of each patch the regions cover, in the grid of whoever said something. */
export function coverageIn(memo: Memo, regions: readonly Region[], geometry: ImageGeometry): Float32Array {
  return memo(`coverage ${idOf(regions)} ${idOf(geometry)}`, () => coverageOf(regions, geometry));
}

interface Other {
  readonly changes: { readonly layer?: number; readonly head?: number };
  readonly state: LookState;
  readonly shared: SharedScale | undefined;
}

/** The map at another layer, or of a head: 0 stands for the mean of the heads. */
export function otherMap(
  memo: Memo,
  column: Column,
  columns: readonly Column[],
  { changes: { layer, head }, state, shared }: Other,
): MapView {
  if (head !== undefined) {
    const ofHead: LookState = { ...state, over: "attention", head: head === 0 ? undefined : head };
    return mapOf(memo, column, "before", ofHead, scaleOf(memo, columns, { ...state, over: "attention" }));
  }
  const at = layer === undefined ? column : { ...column, layer, attending: layer };
  return mapOf(memo, at, "before", state, shared);
}
