/**
 * Numbers of GGUF tensors, widened to float32 block by block. The layouts are ggml's (ggml-common.h, ggml-quants.c); every
 * product and sum is rounded to float32, so that values are those of llama.cpp's reference and of Python's `gguf`, bit for
 * bit.
 *
 *     dequantise(type, bytes)   -> the float32 values of whole blocks
 */
import { float16Values } from "../weights/halves.ts";
import { blockShapes, type GgufType } from "./format.ts";

/** Writes the values of one block, which begins at byte `at`, from place `to` on. */
type Widen = (bytes: Uint8Array, at: number, out: Float32Array, to: number) => void;

/** The values of `bytes`, whole blocks of `type`. */
export function dequantise(type: GgufType, bytes: Uint8Array): Float32Array {
  const { elements, bytes: width } = blockShapes[type];
  const blocks = bytes.length / width;
  const out = new Float32Array(blocks * elements);
  const widen = widenings[type];
  for (let block = 0; block < blocks; block++) widen(bytes, block * width, out, block * elements);
  return out;
}

const f = Math.fround;
const halfAt = (bytes: Uint8Array, at: number) => float16Values()[bytes[at] | (bytes[at + 1] << 8)];
const signed = (byte: number) => (byte << 24) >> 24;
const words = new DataView(new ArrayBuffer(4));

const widenings: Record<GgufType, Widen> = {
  F32(bytes, at, out, to) {
    for (let i = 0; i < 4; i++) words.setUint8(i, bytes[at + i]);
    out[to] = words.getFloat32(0, true);
  },
  F16(bytes, at, out, to) {
    out[to] = halfAt(bytes, at);
  },
  BF16(bytes, at, out, to) {
    words.setUint16(0, 0);
    words.setUint8(2, bytes[at]);
    words.setUint8(3, bytes[at + 1]);
    out[to] = words.getFloat32(0, true);
  },
  /** d (q - 8): half d, then 16 bytes; low halves are the first 16 numbers, high ones the others. */
  Q4_0(bytes, at, out, to) {
    const d = halfAt(bytes, at);
    for (let i = 0; i < 16; i++) {
      const byte = bytes[at + 2 + i];
      out[to + i] = d * ((byte & 15) - 8);
      out[to + 16 + i] = d * ((byte >> 4) - 8);
    }
  },
  /** d q + m. */
  Q4_1(bytes, at, out, to) {
    const [d, m] = [halfAt(bytes, at), halfAt(bytes, at + 2)];
    for (let i = 0; i < 16; i++) {
      const byte = bytes[at + 4 + i];
      out[to + i] = f(d * (byte & 15)) + m;
      out[to + 16 + i] = f(d * (byte >> 4)) + m;
    }
  },
  /** d (q - 16): the fifth bits of all 32 numbers stand in four bytes before the others. */
  Q5_0(bytes, at, out, to) {
    const d = halfAt(bytes, at);
    for (let i = 0; i < 32; i++) out[to + i] = d * (fiveBits(bytes, at + 2, i) - 16);
  },
  Q5_1(bytes, at, out, to) {
    const [d, m] = [halfAt(bytes, at), halfAt(bytes, at + 2)];
    for (let i = 0; i < 32; i++) out[to + i] = f(d * fiveBits(bytes, at + 4, i)) + m;
  },
  /** d q. */
  Q8_0(bytes, at, out, to) {
    const d = halfAt(bytes, at);
    for (let i = 0; i < 32; i++) out[to + i] = d * signed(bytes[at + 2 + i]);
  },
  /** Eight runs of 32 numbers, (d s) q - (dmin m), with 6 bits for each s and m. */
  Q4_K(bytes, at, out, to) {
    inRuns(bytes, at, out, to, (run, i) => halfOf(bytes[at + 16 + 32 * (run >> 1) + i], run & 1));
  },
  /** As Q4_K; the fifth bit of number i of a run is that run's bit in byte i of `qh`. */
  Q5_K(bytes, at, out, to) {
    inRuns(
      bytes,
      at,
      out,
      to,
      (run, i) =>
        halfOf(bytes[at + 48 + 32 * (run >> 1) + i], run & 1) | (((bytes[at + 16 + i] >> run) & 1) << 4),
    );
  },
  /** Sixteen runs of 16 numbers, (d s) (q - 32): four low bits in `ql`, two high ones in `qh`, s in a signed byte. */
  Q6_K(bytes, at, out, to) {
    const d = halfAt(bytes, at + 208);
    for (let i = 0; i < 256; i++) {
      const [half, within] = [i >> 7, i & 127];
      const low = halfOf(bytes[at + 64 * half + (within & 63)], within >> 6);
      const high = (bytes[at + 128 + 32 * half + (within & 31)] >> (2 * (within >> 5))) & 3;
      const scale = f(d * signed(bytes[at + 192 + (i >> 4)]));
      out[to + i] = scale * ((low | (high << 4)) - 32);
    }
  },
};

/** The low (0) or high (1) four bits. */
const halfOf = (byte: number, which: number) => (byte >> (4 * which)) & 15;

function fiveBits(bytes: Uint8Array, at: number, i: number): number {
  const high = (bytes[at + (i >> 3)] >> (i & 7)) & 1;
  return halfOf(bytes[at + 4 + (i & 15)], i >> 4) | (high << 4);
}

function inRuns(
  bytes: Uint8Array,
  at: number,
  out: Float32Array,
  to: number,
  code: (run: number, i: number) => number,
): void {
  const [d, least] = [halfAt(bytes, at), halfAt(bytes, at + 2)];
  for (let run = 0; run < 8; run++) {
    const [scale, minimum] = sixBits(bytes, at + 4, run);
    const [ds, dm] = [f(d * scale), f(least * minimum)];
    for (let i = 0; i < 32; i++) out[to + 32 * run + i] = f(ds * code(run, i)) - dm;
  }
}

/** Scale and minimum of a run: those of the first four in 6 bits of 8 bytes, of the others in 4 more bytes and the bits left. */
function sixBits(bytes: Uint8Array, at: number, run: number): [scale: number, minimum: number] {
  const j = run & 3;
  const [s, m, both] = [bytes[at + j], bytes[at + 4 + j], bytes[at + 8 + j]];
  if (run < 4) return [s & 63, m & 63];
  return [(both & 15) | ((s >> 2) & 48), (both >> 4) | ((m >> 2) & 48)];
}
