import { constants, crc32, deflateSync } from "node:zlib";
import type { RgbImage } from "../../common/image.ts";

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/**
 * A picture as PNG (ISO/IEC 15948): 8-bit RGB, each row the difference to the one above, run lengths. That is made
 * for flat drawings: fast, and the same bytes on every processor, which zlib's searches for matches are not.
 */
export function drawingPng({ width, height, data }: RgbImage): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8); // Bits, RGB, and the only compression, filter method and (no) interlacing.
  const rows = differences(width * 3, height, data);
  const body = deflateSync(rows, { strategy: constants.Z_RLE, level: 6, chunkSize: 1 << 16 });
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", body),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** Kept between pictures, as they come by the thousand; the compressor has read them before the next. */
let scratch = { rows: new Uint8Array(0), words: new Uint32Array(0) };

/**
 * Every row as a filter type byte and its bytes: type 2 (Up) is the difference to the row above. Valid until the next
 * call.
 */
function differences(line: number, height: number, data: Uint8Array): Uint8Array {
  const size = (line + 1) * height;
  if (scratch.rows.length !== size)
    scratch = { rows: new Uint8Array(size), words: new Uint32Array((line * height) >> 2) };
  const { rows, words } = scratch;
  const all =
    line % 4 === 0 && data.byteOffset % 4 === 0 ? fourAtATime(line, data, words) : oneByOne(line, data);
  for (let y = 0; y < height; y++) {
    rows[y * (line + 1)] = 2;
    rows.set(all.subarray(y * line, (y + 1) * line), y * (line + 1) + 1);
  }
  return rows;
}

/** data[i] - data[i - line] modulo 256, the first line as it is. */
function oneByOne(line: number, data: Uint8Array): Uint8Array {
  const result = Uint8Array.from(data);
  for (let i = line; i < data.length; i++) result[i] = data[i] - data[i - line];
  return result;
}

/**
 * The same on words of four bytes, into `result`: the top bit of each byte is set before and mended after, so that none
 * borrows.
 */
function fourAtATime(line: number, data: Uint8Array, result: Uint32Array): Uint8Array {
  const words = new Uint32Array(data.buffer, data.byteOffset, data.length >> 2);
  const step = line >> 2;
  result.set(words.subarray(0, step));
  for (let i = step; i < words.length; i++) {
    const a = words[i];
    const b = words[i - step];
    result[i] = a === b ? 0 : ((a | 0x80808080) - (b & 0x7f7f7f7f)) ^ ((a ^ ~b) & 0x80808080);
  }
  return new Uint8Array(result.buffer);
}

function chunk(type: string, content: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, "latin1"), content]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  check.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, check]);
}
