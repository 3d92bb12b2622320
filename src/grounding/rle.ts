/** COCO's run lengths of masks, in both published forms. */
import { mustBe } from "../common/errors.ts";
import type { MaskRegion } from "./region.ts";

/**
 * COCO run lengths: a mask read column by column as the lengths of alternating runs, the first of background (it
 * may be 0). Format: the COCO data set's `segmentation` with `counts` as a list, or as a text of 6-bit characters.
 */

/** A binary mask [Y, X] (0 is background) as run lengths. */
export function encodeMask(mask: ArrayLike<number>, height: number, width: number): MaskRegion {
  if (mask.length !== height * width)
    throw new RangeError(`mask: data must have ${height} x ${width} values, got ${mask.length}`);
  const counts: number[] = [];
  let [current, run] = [false, 0];
  for (let x = 0; x < width; x++)
    for (let y = 0; y < height; y++) {
      const value = mask[y * width + x] !== 0;
      if (value !== current) {
        counts.push(run);
        [current, run] = [value, 0];
      }
      run++;
    }
  if (run > 0) counts.push(run);
  return { kind: "mask", size: [height, width], counts };
}

/** Run lengths as a binary mask [Y, X] of 0 and 1; throws a `UserError` when they do not fill the size. */
export function decodeMask({ size: [height, width], counts }: MaskRegion): Uint8Array {
  checkCounts(counts, height, width);
  const mask = new Uint8Array(height * width);
  let at = 0;
  for (const [i, count] of counts.entries()) {
    if (i % 2 === 1)
      for (let p = at; p < at + count; p++) mask[(p % height) * width + Math.floor(p / height)] = 1;
    at += count;
  }
  return mask;
}

/** Throws a `UserError` for run lengths that do not fill a size. */
export function checkCounts(counts: readonly number[], height: number, width: number): void {
  const bad = counts.find((count) => !Number.isInteger(count) || count < 0);
  if (bad !== undefined) throw mustBe("run lengths", "counts", "whole numbers of at least 0", bad);
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total !== height * width)
    throw mustBe("run lengths", "sum of counts", `${height} x ${width} = ${height * width}`, total);
}

/** Each character carries 5 bits and a flag that more follow. */
const [bits, more, base] = [5, 0x20, 48];

/**
 * COCO's text form: every count after the third is written as its difference to the one two before it, in little
 * endian groups of 5 bits with sign, as characters from "0".
 */
export function compressCounts(counts: readonly number[]): string {
  const codes: number[] = [];
  for (const [i, count] of counts.entries()) {
    let rest = i > 2 ? count - counts[i - 2] : count;
    for (let going = true; going; ) {
      const next = Math.floor(rest / 32); // Not >>, which would cut at 32 bits.
      const group = rest - 32 * next;
      rest = next;
      going = group & 0x10 ? rest !== -1 : rest !== 0;
      codes.push((going ? group | more : group) + base);
    }
  }
  return new TextDecoder("latin1").decode(Uint8Array.from(codes)); // A noisy mask has more codes than a call takes arguments.
}

/** The inverse of {@link compressCounts}; throws a `UserError` for a text that is not of this form. */
export function expandCounts(text: string): number[] {
  const counts: number[] = [];
  for (let at = 0; at < text.length; ) {
    let [value, shift, code] = [0, 0, 0];
    do {
      code = text.charCodeAt(at++) - base;
      if (!(code >= 0 && code < 64))
        throw mustBe("run lengths", "text", "COCO's form, whole", text.slice(0, 40));
      value += (code & 0x1f) * 2 ** shift;
      shift += bits;
    } while (code & more);
    if (code & 0x10) value -= 2 ** shift;
    counts.push(counts.length > 2 ? value + counts[counts.length - 2] : value);
  }
  return counts;
}

/** A mask that keeps COCO's text form and expands it where its counts are asked for: a data set holds many. */
export function packedMask(size: readonly [height: number, width: number], text: string): MaskRegion {
  return {
    kind: "mask",
    size,
    get counts() {
      return expandCounts(text);
    },
  };
}
