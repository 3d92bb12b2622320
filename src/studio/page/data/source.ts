/** A data set as the room sees it, wherever its pictures and rows lie. */
import type { RgbImage, Size } from "../../../common/image.ts";
import type { Row } from "../../../data/imagefolder/schema.ts";
import type { LabelEdits, SavedLabels } from "./edits.ts";
import type { Facets, Filter } from "./filter.ts";

export interface DataSource {
  /** How an address names it; undefined for a folder that the visitor opened, which no address can hold. */
  readonly ref?: string;
  readonly name: string;
  /** A line about it: where it is from, how large it is. */
  readonly note: string;
  /** Items in all. */
  readonly count: number;
  /** What its maker should know, a line each: lines that cannot be read, columns that nobody reads. */
  readonly notices: readonly string[];
  find(filter: Filter, signal?: AbortSignal): Promise<FoundItems>;
  /** Items that meet a filter, from one place of them on; fewer at the end. */
  items(filter: Filter, from: number, count: number, signal?: AbortSignal): Promise<readonly Item[]>;
  /** At most `side` pixels long and wide, upright. */
  thumbnail(item: Item, side: number, signal?: AbortSignal): Promise<Thumbnail>;
  picture(item: Item, signal?: AbortSignal): Promise<RgbImage>;
  /** How a command names the data; undefined where none can take it. */
  readonly command?: string;
  /** Writes edited labels beside the old ones; undefined where the labels are no file. */
  readonly save?: (edits: LabelEdits) => Promise<SavedLabels>;
}

export interface FoundItems {
  readonly count: number;
  readonly facets: Facets;
}

export interface Item {
  /** Its place among all items. */
  readonly index: number;
  readonly row: Row;
  /** The question that met the filter. */
  readonly question?: number;
}

/** The caller closes the bitmap. */
export interface Thumbnail {
  readonly bitmap: ImageBitmap;
  /** Of the picture itself, upright. */
  readonly size: Size;
}
