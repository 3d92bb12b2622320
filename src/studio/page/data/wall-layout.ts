/** Where the tiles of a wall lie, and which of them are to be drawn: only those in view, however many there are. */

export interface WallLayout {
  readonly columns: number;
  /** Of a tile, in pixels, without the gap after it. */
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly rows: number;
  /** Of all that scrolls. */
  readonly height: number;
}

export interface WallOptions {
  /** Of the wall, in pixels. */
  readonly width: number;
  readonly count: number;
  /** A tile is at least so wide. */
  readonly least: number;
  readonly gap: number;
  /** What stands below a tile's picture. */
  readonly caption: number;
}

/** Browsers draw nothing right beyond some 16 million pixels. */
const TALLEST = 8_000_000;

export function wallLayout({ width, count, least, gap, caption }: WallOptions): WallLayout {
  const columns = Math.max(1, Math.floor((width + gap) / (least + gap)));
  const tileWidth = Math.max(1, Math.floor((width - gap * (columns - 1)) / columns));
  const tileHeight = tileWidth + caption;
  const rows = Math.ceil(count / columns);
  return { columns, tileWidth, tileHeight, rows, height: Math.min(TALLEST, rows * (tileHeight + gap)) };
}

export interface WallView {
  /** Items from `first` to before `end` are drawn. */
  readonly first: number;
  readonly end: number;
  /** Where the row of `first` lies, in pixels from the top of all that scrolls. */
  readonly top: number;
}

/** What is in view, and a row more above and below. A wall that is too tall for a page is scrolled through in larger steps. */
export function wallView(
  layout: WallLayout,
  {
    scrollTop,
    viewHeight,
    count,
    gap,
  }: { scrollTop: number; viewHeight: number; count: number; gap: number },
): WallView {
  const step = layout.tileHeight + gap;
  const full = layout.rows * step;
  const range = Math.max(1, layout.height - viewHeight);
  const share = Math.min(1, Math.max(0, scrollTop / range));
  const at = full > layout.height ? share * Math.max(0, full - viewHeight) : scrollTop;
  const firstRow = Math.max(0, Math.floor(at / step) - 1);
  const lastRow = Math.min(layout.rows, Math.ceil((at + viewHeight) / step) + 1);
  const top = scrollTop + (firstRow * step - at);
  return {
    first: Math.min(count, firstRow * layout.columns),
    end: Math.min(count, lastRow * layout.columns),
    top,
  };
}

/** Where to scroll so that an item is in view, moving as little as needed. */
export function scrollTo(
  layout: WallLayout,
  { item, scrollTop, viewHeight, gap }: { item: number; scrollTop: number; viewHeight: number; gap: number },
): number {
  const step = layout.tileHeight + gap;
  const full = layout.rows * step;
  const scale = full > layout.height ? (layout.height - viewHeight) / Math.max(1, full - viewHeight) : 1;
  const y = Math.floor(item / layout.columns) * step;
  const at = scrollTop / scale;
  if (y < at) return y * scale;
  if (y + layout.tileHeight > at + viewHeight) return (y + layout.tileHeight - viewHeight) * scale;
  return scrollTop;
}

/** The item that a key leads to from another; undefined for keys that lead nowhere. */
export function itemByKey(key: string, item: number, { columns }: WallLayout, count: number, page: number) {
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: item - 1,
    ArrowRight: item + 1,
    ArrowUp: item - columns,
    ArrowDown: item + columns,
    PageUp: item - columns * page,
    PageDown: item + columns * page,
    Home: 0,
    End: count - 1,
  };
  const next = steps[key];
  if (next === undefined) return undefined;
  if ((key === "ArrowUp" || key === "ArrowDown") && (next < 0 || next >= count)) return item;
  return Math.min(count - 1, Math.max(0, next));
}
