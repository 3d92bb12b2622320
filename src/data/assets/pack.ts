/**
 * Cut-outs in one array of bytes, as a page loads them: without loss, from one level on, so that everything painted no
 * larger than that has the same bytes as with the files themselves. Pure: written in Node, read in pages.
 *
 *     4 bytes  length of the header, little endian
 *     header   JSON: version, first level, and each cut-out's name, picture and size
 *     planes   of each cut-out red, green, blue, alpha, every byte less its prediction (PNG's Paeth filter)
 */
import { mustBe } from "../../common/errors.ts";
import { type CutOut, type CutOutSet, cutOutSet, type Level, mipLevels } from "./cutout.ts";

const VERSION = 1;

interface Header {
  readonly version: number;
  /** The finest level in the pack: 2^first times smaller than the pictures. */
  readonly first: number;
  /** Name, picture, width and height of level 0. */
  readonly cutOuts: readonly (readonly [name: string, picture: string, width: number, height: number])[];
}

/** The cut-outs from level `first` on; small files compress it well. */
export function packCutOuts({ names, pictures }: CutOutSet, first: number): Uint8Array {
  const all = names.flatMap((name) => pictures.get(name)!);
  const cutOuts = all.map(
    ({ name, picture, levels: [{ width, height }] }) => [name, picture, width, height] as const,
  );
  const header: Header = { version: VERSION, first, cutOuts };
  const text = new TextEncoder().encode(JSON.stringify(header));
  const planes = all.map(({ levels }) => filtered(levels[Math.min(first, levels.length - 1)]));
  const packed = new Uint8Array(4 + text.length + planes.reduce((sum, { length }) => sum + length, 0));
  new DataView(packed.buffer).setUint32(0, text.length, true);
  packed.set(text, 4);
  let at = 4 + text.length;
  for (const plane of planes) {
    packed.set(plane, at);
    at += plane.length;
  }
  return packed;
}

/** Levels finer than the pack's are empty: the painter passes over them. */
export function unpackCutOuts(packed: Uint8Array): CutOutSet {
  const length = new DataView(packed.buffer, packed.byteOffset).getUint32(0, true);
  const { version, first, cutOuts } = JSON.parse(
    new TextDecoder().decode(packed.subarray(4, 4 + length)),
  ) as Header;
  if (version !== VERSION) throw mustBe("cut-outs", "the version of their file", `${VERSION}`, version);
  let at = 4 + length;
  const read = ([name, picture, width, height]: Header["cutOuts"][number]): CutOut => {
    const sizes = levelSizes(width, height);
    const kept = Math.min(first, sizes.length - 1);
    const size = sizes[kept];
    const bytes = 4 * size.width * size.height;
    const level = unfiltered(packed.subarray(at, at + bytes), size);
    at += bytes;
    const missing = sizes.slice(0, kept).map((finer) => ({ ...finer, data: new Uint8Array(0) }));
    return { name, picture, levels: [...missing, ...mipLevels(level)] };
  };
  return cutOutSet(cutOuts.map(read));
}

/** Of all levels of a picture: see {@link mipLevels}. */
function levelSizes(width: number, height: number): Omit<Level, "data">[] {
  const sizes = [{ width, height }];
  for (let last = sizes[0]; Math.max(last.width, last.height) > 1; sizes.push(last))
    last = { width: Math.ceil(last.width / 2), height: Math.ceil(last.height / 2) };
  return sizes;
}

/** [Y, X, 4] to planes [4, Y, X] of differences. */
function filtered({ width, height, data }: Level): Uint8Array {
  const planes = new Uint8Array(data.length);
  for (let c = 0, i = 0; c < 4; c++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++, i++)
        planes[i] = data[(y * width + x) * 4 + c] - predicted(data, width, x, y, c);
  return planes;
}

function unfiltered(planes: Uint8Array, { width, height }: Omit<Level, "data">): Level {
  const data = new Uint8Array(planes.length);
  for (let c = 0, i = 0; c < 4; c++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++, i++)
        data[(y * width + x) * 4 + c] = planes[i] + predicted(data, width, x, y, c);
  return { width, height, data };
}

/** The neighbour (left, above, or left above) nearest to left + above - left above. */
function predicted(data: Uint8Array, width: number, x: number, y: number, c: number): number {
  const at = (y * width + x) * 4 + c;
  const left = x > 0 ? data[at - 4] : 0;
  const above = y > 0 ? data[at - 4 * width] : 0;
  const corner = x > 0 && y > 0 ? data[at - 4 * width - 4] : 0;
  const guess = left + above - corner;
  const [toLeft, toAbove, toCorner] = [
    Math.abs(guess - left),
    Math.abs(guess - above),
    Math.abs(guess - corner),
  ];
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}
