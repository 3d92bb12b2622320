/** All that the parts of Look draw from, and what they may change. */
import type { ImageGeometry } from "../../../common/image.ts";
import type { Region } from "../../../grounding/region.ts";
import type { ShownPicture, Slot, Studio } from "../studio.ts";
import type { Column } from "./columns.ts";
import type { Memo } from "./memo.ts";
import type { LookState, Struck } from "./state.ts";
import type { MapView, SharedScale, Side } from "./views.ts";

export interface LookView {
  readonly studio: Studio;
  readonly picture: ShownPicture;
  readonly state: LookState;
  /** Models that are open and shown, in their order. */
  readonly columns: readonly Column[];
  /** Models that are shown, open or not. */
  readonly slots: readonly Slot[];
  readonly shared: SharedScale | undefined;
  /** The grid of the first model: that of pins, knock-outs and the cursor. */
  readonly geometry: ImageGeometry | undefined;
  /** The patch under the cursor. */
  readonly hovered: number | undefined;
  /** What the question is about, where it is known, and where it shows. */
  readonly target: string | undefined;
  readonly regions: readonly Region[] | undefined;
  /** Where the concept shows, where that is known. */
  readonly shown: readonly Region[] | undefined;
  readonly struck: Struck;
  readonly canUndo: boolean;
  readonly brush: boolean;
  readonly striking: boolean;
  readonly playing: boolean;
  readonly memo: Memo;
  mapOf(column: Column, side: Side): MapView;
  /** The same for another layer or head. */
  mapWith(column: Column, changes: { readonly layer?: number; readonly head?: number }): MapView;
  set(changes: Partial<LookState>): void;
  /** Something that is done and may be undone. */
  strike(struck: Struck): void;
  undo(): void;
  toggle(name: "brush" | "striking" | "playing"): void;
}
