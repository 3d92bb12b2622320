/** The maps of Look, made once for as long as what they show stays the same. */
import type { Column } from "./columns.ts";
import { idOf, type Memo } from "./memo.ts";
import type { LookState } from "./state.ts";
import { lensOf, lookOf, type MapView, type SharedScale, type Side, sharedScale, viewOf } from "./views.ts";

export function scaleOf(memo: Memo, columns: readonly Column[], state: LookState): SharedScale | undefined {
  const { over, space, ramp, own, token, head } = state;
  const results = columns.map((column) => [
    idOf(lensOf(column, "before")),
    idOf(lookOf(column, "before")),
    column.attending,
  ]);
  // A scale of attention's own spans what is shown.
  const shown =
    over === "attention" && own ? [token, head, results] : results.map(([lens, look]) => [lens, look]);
  return memo(`scale ${JSON.stringify([over, space, ramp, own, shown])}`, () => sharedScale(columns, state));
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
  const place = over === "attention" ? [attending, token, head] : [layer];
  const result = over === "attention" ? lookOf(column, side) : lensOf(column, side);
  const key = JSON.stringify([letter, over, place, idOf(result), idOf(shared)]);
  return memo(`map ${key}`, () => viewOf(column, side, state, shared));
}
