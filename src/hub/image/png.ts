/**
 * PNG (W3C, third edition) to its channels, as they are stored: a page's own decoder would mix in colour management, and
 * lose what transparent pixels hold. Every type, depth and order of rows; the first picture of an animation.
 *
 *     pngHeader(bytes)     size and kind, from the first chunk
 *     decodePng(bytes)     channels for toRgb; throws an Error that says what is damaged
 */
import { damaged } from "./picture-bytes.ts";
import { unfilterRows } from "./png-rows.ts";
import type { ChannelKind, Channels } from "./to-rgb.ts";

export interface PngHeader {
  readonly width: number;
  readonly height: number;
  /** Bits of a sample. */
  readonly depth: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha. */
  readonly colour: number;
  /** Whether rows come in seven passes. */
  readonly interlaced: boolean;
}

/** A part of the file: its four letters and its content. */
export interface PngChunk {
  readonly type: string;
  readonly data: Uint8Array<ArrayBuffer>;
}

const depths: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};
/** Samples of a pixel by its colour type. */
const samplesOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

export function pngHeader(bytes: Uint8Array): PngHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 33 || view.getUint32(8) !== 13 || nameAt(bytes, 12) !== "IHDR") throw new Error(damaged);
  const [width, height, depth, colour] = [view.getUint32(16), view.getUint32(20), bytes[24], bytes[25]];
  const known = depths[colour]?.includes(depth) && bytes[26] === 0 && bytes[27] === 0 && bytes[28] <= 1;
  if (!known || width === 0 || height === 0) throw new Error(damaged);
  return { width, height, depth, colour, interlaced: bytes[28] === 1 };
}

function nameAt(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}

/** Chunks up to the end of the picture. Throws where one is cut off, or one that matters has a wrong sum. */
export function pngChunks(bytes: Uint8Array<ArrayBuffer>): PngChunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const chunks: PngChunk[] = [];
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    const type = nameAt(bytes, at + 4);
    if (type === "IEND") return chunks;
    if (at + 12 + length > bytes.length) throw new Error(damaged);
    const isNeeded = type[0] <= "Z";
    if (isNeeded && crc32(bytes.subarray(at + 4, at + 8 + length)) !== view.getUint32(at + 8 + length))
      throw new Error(damaged);
    chunks.push({ type, data: bytes.subarray(at + 8, at + 8 + length) });
    at += 12 + length;
  }
  throw new Error(damaged);
}

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = crcTable[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}

export async function decodePng(bytes: Uint8Array<ArrayBuffer>): Promise<Channels> {
  const header = pngHeader(bytes);
  const chunks = pngChunks(bytes);
  const find = (type: string) => chunks.find((chunk) => chunk.type === type)?.data;
  const packed = chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data);
  const samples = samplesOf[header.colour];
  const raw = await inflated(packed, bytesIn(header, samples));
  const stored = placed(header, samples, raw);
  if (header.colour === 3) return painted(header, stored, find("PLTE"), find("tRNS"));
  return withClear(header, samples, stretched(header, stored), find("tRNS"));
}

/** First column and row of each pass, and the steps between its columns and rows. */
const interlacing = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

function passesOf({ width, height, interlaced }: PngHeader) {
  const steps = interlaced ? interlacing : ([[0, 0, 1, 1]] as const);
  return steps
    .map(([x, y, stepX, stepY]) => {
      const columns = Math.max(0, Math.ceil((width - x) / stepX));
      const rows = Math.max(0, Math.ceil((height - y) / stepY));
      return { x, y, stepX, stepY, columns, rows };
    })
    .filter(({ columns, rows }) => columns > 0 && rows > 0);
}

const rowBytes = (columns: number, samples: number, depth: number) =>
  Math.ceil((columns * samples * depth) / 8);

/** Bytes of all rows, each behind the number of its filter. */
function bytesIn(header: PngHeader, samples: number): number {
  return passesOf(header).reduce(
    (sum, { columns, rows }) => sum + rows * (1 + rowBytes(columns, samples, header.depth)),
    0,
  );
}

/** Deflate makes at most about a thousand bytes of one. */
const mostPacked = 1040;

async function inflated(packed: readonly Uint8Array<ArrayBuffer>[], length: number): Promise<Uint8Array> {
  const blob = new Blob([...packed]);
  if (blob.size * mostPacked < length) throw new Error(damaged);
  const raw = new Uint8Array(length);
  const reader = blob.stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  let at = 0;
  while (at < length) {
    const { done, value } = await reader.read().catch(() => ({ done: true, value: undefined }) as const);
    if (done || value === undefined) throw new Error(damaged);
    raw.set(value.subarray(0, length - at), at);
    at += value.length;
  }
  await reader.cancel().catch(() => {});
  return raw;
}

/** Samples [Y, X, C] as they are stored, from the rows of all passes. */
function placed(header: PngHeader, samples: number, raw: Uint8Array): Uint8Array | Uint16Array {
  const { width, height, depth } = header;
  const out =
    depth === 16 ? new Uint16Array(width * height * samples) : new Uint8Array(width * height * samples);
  let from = 0;
  for (const { x, y, stepX, stepY, columns, rows } of passesOf(header)) {
    const length = rowBytes(columns, samples, depth);
    if (!unfilterRows(raw, from, rows, length, Math.max(1, (samples * depth) / 8))) throw new Error(damaged);
    for (let row = 0; row < rows; row++) {
      const start = from + row * (length + 1) + 1;
      if (depth === 8 && !header.interlaced) {
        out.set(raw.subarray(start, start + length), (y + row) * length);
        continue;
      }
      for (let i = 0; i < columns * samples; i++) {
        const column = x + Math.floor(i / samples) * stepX;
        out[((y + row * stepY) * width + column) * samples + (i % samples)] = sampleAt(raw, start, i, depth);
      }
    }
    from += rows * (length + 1);
  }
  return out;
}

function sampleAt(raw: Uint8Array, start: number, i: number, depth: number): number {
  if (depth === 8) return raw[start + i];
  if (depth === 16) return (raw[start + 2 * i] << 8) | raw[start + 2 * i + 1];
  const bit = i * depth;
  return (raw[start + (bit >> 3)] >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
}

/** Colours by their numbers; one beyond the palette is damage. */
function painted(
  { width, height }: PngHeader,
  stored: Uint8Array | Uint16Array,
  palette: Uint8Array | undefined,
  alphas: Uint8Array | undefined,
): Channels {
  if (palette === undefined || palette.length % 3 !== 0) throw new Error(damaged);
  const data = new Uint8Array(width * height * 4);
  for (let i = 0; i < stored.length; i++) {
    if (3 * stored[i] >= palette.length) throw new Error(damaged);
    data.set(palette.subarray(3 * stored[i], 3 * stored[i] + 3), 4 * i);
    data[4 * i + 3] = alphas?.[stored[i]] ?? 255;
  }
  return { width, height, kind: "rgba", data };
}

/** Grey of fewer bits, spread over 0 to 255. */
function stretched({ depth }: PngHeader, stored: Uint8Array | Uint16Array): Uint8Array | Uint16Array {
  if (depth >= 8) return stored;
  const factor = 255 / ((1 << depth) - 1);
  return stored.map((value) => value * factor);
}

const kinds: Readonly<Record<number, ChannelKind>> = { 1: "grey", 2: "grey-alpha", 3: "rgb", 4: "rgba" };

/** With the one colour that `tRNS` names, if it does, as a channel of alpha. */
function withClear(
  header: PngHeader,
  samples: number,
  data: Uint8Array | Uint16Array,
  clear: Uint8Array | undefined,
): Channels {
  const { width, height, depth } = header;
  if (clear === undefined || samples % 2 === 0) return { width, height, kind: kinds[samples], data };
  if (clear.length < 2 * samples) throw new Error(damaged);
  const factor = depth < 8 ? 255 / ((1 << depth) - 1) : 1;
  const named = Array.from({ length: samples }, (_, c) => ((clear[2 * c] << 8) | clear[2 * c + 1]) * factor);
  const opaque = depth === 16 ? 65_535 : 255;
  const out =
    depth === 16
      ? new Uint16Array(width * height * (samples + 1))
      : new Uint8Array(width * height * (samples + 1));
  for (let i = 0; i < width * height; i++) {
    let isClear = true;
    for (let c = 0; c < samples; c++) {
      const value = data[i * samples + c];
      out[i * (samples + 1) + c] = value;
      isClear &&= value === named[c];
    }
    out[i * (samples + 1) + samples] = isClear ? 0 : opaque;
  }
  return { width, height, kind: kinds[samples + 1], data: out };
}
