/**
 * Room for rows whose images and texts differ in length: from rows as they are to one padded layout, which is what a
 * program is compiled for. Padding stands behind the text before an image, behind the image's own tokens, and at the
 * row's end; it is seen by nothing (segment -1).
 */
import type { ImageLayout, ImageRoom, ImageShape, RowLayout, Span } from "./inputs.ts";
import { imageSpans } from "./layout.ts";

/** How images of a family fill `pixelValues` along the first axis. */
export interface PixelRule {
  /** Share of an image of this shape: patches or pictures. */
  of(shape: ImageShape): number;
  /** Pixel rows of one image token, where images have any size and their room may be stretched. */
  readonly perToken?: number;
}

/** Every image is one picture. */
export const onePicture: PixelRule = { of: () => 1 };

/** A row as it is: its images, and its length in tokens. */
export interface RowExtent {
  readonly layout: RowLayout;
  readonly length: number;
}

/** Room of a row: S columns with the images' places among them. */
export interface RowRoom {
  readonly layout: ImageLayout;
  readonly length: number;
}

/** The smallest room for one row: no padding. */
export function tightRoom({ layout, length }: RowExtent, rule: PixelRule): RowRoom {
  const images = layout.images.map(({ spans, shape }) => ({ spans, pixels: rule.of(shape) }));
  return { layout: { images }, length };
}

/** Columns of text before each span of image tokens, of the spans, and after the last of them. */
interface Lengths {
  readonly images: readonly {
    readonly spans: readonly { readonly gap: number; readonly length: number }[];
    readonly pixels: number;
  }[];
  readonly tail: number;
}

function lengthsOf({ layout, length }: RowRoom): Lengths {
  let end = 0;
  const images = layout.images.map(({ spans, pixels }) => ({
    pixels,
    spans: spans.map((span) => {
      const gap = span.start - end;
      end = span.start + span.length;
      return { gap, length: span.length };
    }),
  }));
  return { images, tail: length - end };
}

function roomOf({ images, tail }: Lengths): RowRoom {
  let end = 0;
  const placed = images.map(({ spans, pixels }): ImageRoom => {
    const own = spans.map(({ gap, length }): Span => {
      end += gap + length;
      return { start: end - length, length };
    });
    return { spans: own, pixels };
  });
  return { layout: { images: placed }, length: end + tail };
}

/** Rooms as lists of numbers: one fits into another where none of its numbers is larger. */
export interface RoomNumbers {
  /** A list for each room, all of one length. */
  readonly lists: readonly (readonly number[])[];
  /** Columns that one of each number takes: 1, or 0 for shares of `pixelValues`. */
  readonly columns: readonly number[];
  /** The room of such a list. */
  room(list: readonly number[]): RowRoom;
}

export function roomNumbers(rooms: readonly RowRoom[]): RoomNumbers {
  const { images } = lengthsOf(unionRoom(rooms));
  const lists = rooms.map((room) => {
    const own = lengthsOf(room);
    const numbers = images.flatMap(({ spans }, i) => [
      own.images[i]?.pixels ?? 0,
      ...spans.flatMap((_, k) => {
        const span = own.images[i]?.spans[k];
        return [span?.gap ?? 0, span?.length ?? 0];
      }),
    ]);
    return [...numbers, own.tail];
  });
  const columns = [...images.flatMap(({ spans }) => [0, ...spans.flatMap(() => [1, 1])]), 1];
  return { lists, columns, room: (list) => roomOf(lengthsFrom(list, images)) };
}

/** The inverse of a list of {@link roomNumbers}; `form` says how many images and spans there are. */
function lengthsFrom(list: readonly number[], form: Lengths["images"]): Lengths {
  let at = 0;
  const images = form.map(({ spans }) => {
    const pixels = list[at++];
    const own = spans.map(() => ({ gap: list[at++], length: list[at++] }));
    return { pixels, spans: own.filter(({ gap, length }) => gap + length > 0) };
  });
  return { images: images.filter((image) => image.spans.length > 0), tail: list[at] };
}

/** The smallest room that holds what fits into any of these. */
export function unionRoom(rooms: readonly RowRoom[]): RowRoom {
  const all = rooms.map(lengthsOf);
  const images = longest(all.map((one) => one.images)).map((_, i) => {
    const some = all.flatMap((one) => one.images[i] ?? []);
    const spans = longest(some.map((image) => image.spans)).map((_, k) => ({
      gap: most(some, (image) => image.spans[k]?.gap ?? 0),
      length: most(some, (image) => image.spans[k]?.length ?? 0),
    }));
    return { spans, pixels: most(some, ({ pixels }) => pixels) };
  });
  return roomOf({ images, tail: most(all, ({ tail }) => tail) });
}

function longest<T>(lists: readonly (readonly T[])[]): readonly T[] {
  return lists.reduce((best, list) => (list.length > best.length ? list : best), []);
}

function most<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((largest, value) => Math.max(largest, of(value)), 0);
}

/** Whether `inner` fits into `outer`. */
export function fitsRoom(inner: RowRoom, outer: RowRoom): boolean {
  return roomKey(unionRoom([inner, outer])) === roomKey(outer);
}

/** The same text for the same room. */
export function roomKey(room: RowRoom): string {
  const { images, tail } = lengthsOf(room);
  const texts = images.map(
    ({ spans, pixels }) => `${pixels}:${spans.map(({ gap, length }) => `${gap}+${length}`).join(" ")}`,
  );
  return `${texts.join(", ")} + ${tail}`;
}

/**
 * A little more room, so that few programs serve rows of all lengths: images whose size varies, and the text behind
 * the images, reach up to the next {@link rung}. `gaps`: the text before images too, where that varies.
 */
export function stretchedRoom(
  room: RowRoom,
  { perToken }: PixelRule,
  { gaps = false }: { readonly gaps?: boolean } = {},
): RowRoom {
  const { images, tail } = lengthsOf(room);
  const stretched = images.map((image) => {
    const spans = image.spans.map(({ gap, length }) => ({
      gap: gaps ? rung(gap) : gap,
      length: perToken === undefined ? length : rung(length),
    }));
    const tokens = spans.reduce((sum, { length }) => sum + length, 0);
    return { spans, pixels: perToken === undefined ? image.pixels : perToken * tokens };
  });
  return roomOf({ images: stretched, tail: rung(tail) });
}

/** A row's columns up to a multiple of 8, the width of vector instructions. */
export function roundedRoom(room: RowRoom, { perToken }: PixelRule): RowRoom {
  const { images, tail } = lengthsOf(room);
  const filled = images.map((image) => {
    if (perToken === undefined) return image;
    return { ...image, pixels: perToken * image.spans.reduce((sum, { length }) => sum + length, 0) };
  });
  const whole = roomOf({ images: filled, tail });
  return { ...whole, length: Math.ceil(whole.length / 8) * 8 };
}

/** The next of 8 steps an octave, multiples of 8: adds an eighth at most from 64 on, a sixteenth in the mean. */
export function rung(length: number): number {
  const step = Math.max(8, 2 ** (Math.floor(Math.log2(Math.max(1, length))) - 3));
  return Math.ceil(length / step) * step;
}

/** The next power of two, or one and a half of one: two steps an octave, where every step is a program. */
export function fewSizes(count: number): number {
  const power = 2 ** Math.ceil(Math.log2(count));
  return count <= 0.75 * power ? 0.75 * power : power;
}

/** The columns of a room in which a row's own tokens stand, one for each token. */
export function columnsIn({ layout, length }: RowExtent, room: RowRoom): number[] {
  const columns = new Array<number>(length);
  let [own, at] = [0, 0];
  const take = (end: number) => {
    while (own < end) columns[own++] = at++;
  };
  for (const [i, { spans }] of layout.images.entries())
    for (const [k, { start, length }] of spans.entries()) {
      take(start);
      at = room.layout.images[i].spans[k].start;
      take(start + length);
      at = endOf(room.layout.images[i].spans[k]);
    }
  at = imageSpans(room.layout).reduce((_, span) => endOf(span), at);
  take(length);
  return columns;
}

function endOf({ start, length }: Span): number {
  return start + length;
}

/** For each of a row's image tokens, its place among the image tokens of the room. */
export function imagePlaces(layout: RowLayout, room: ImageLayout): number[] {
  let first = 0;
  return room.images.flatMap(({ spans }, i) =>
    spans.flatMap(({ length: all }, k) => {
      const start = first;
      first += all;
      const own = layout.images[i]?.spans[k]?.length ?? 0;
      return Array.from({ length: own }, (_, n) => start + n);
    }),
  );
}
