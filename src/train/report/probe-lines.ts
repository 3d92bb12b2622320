/**
 * `probes.jsonl` of a run: what the model showed of a few pictures as it learnt. The first line has the pictures, every other
 * one their maps after a step; lines are only added. Pure, so that a page reads it too. docs/formats.md describes it.
 */
import { z } from "zod";
import type { ImageGeometry } from "../../common/image.ts";

/** A picture that is watched. */
export interface ProbePicture {
  readonly id: string;
  /** PNG, base64; at most 256 pixels on a side. */
  readonly png: string;
  /** How its maps lie on that PNG. */
  readonly geometry: ImageGeometry;
  /** The word whose lens is shown; absent: none. */
  readonly concept?: string;
  /** The question whose answer's attention is shown; absent: none. */
  readonly question?: string;
  /** [N] share of each patch that shows the concept, and that is evidence for the answer, in {@link packShares}'s form. */
  readonly conceptShares?: string;
  readonly evidenceShares?: string;
}

/** Maps of one picture after a step, in {@link packShares}'s form. */
export interface ProbeMaps {
  /** [N] probability of the concept by the logit lens of the last layer. */
  readonly lens?: string;
  readonly answer?: string;
  /** [N] attention of the answer's first token over the image, last layer that attends, mean of the heads; sum 1. */
  readonly attention?: string;
}

export interface PicturesLine {
  readonly kind: "pictures";
  readonly version: 1;
  readonly pictures: readonly ProbePicture[];
}

export interface MapsLine {
  readonly kind: "maps";
  readonly step: number;
  /** In the order of the pictures. */
  readonly maps: readonly ProbeMaps[];
}

export type ProbeLine = PicturesLine | MapsLine;

/** The largest number of 16 bits stands for 1. */
const ONE = 65535;

/** Numbers from 0 to 1 as 16 bits each, low byte first, base64. */
export function packShares(values: ArrayLike<number>): string {
  const bytes = new Uint8Array(2 * values.length);
  const view = new DataView(bytes.buffer);
  for (let n = 0; n < values.length; n++)
    view.setUint16(2 * n, Math.round(ONE * Math.min(1, Math.max(0, values[n]))), true);
  return toBase64(bytes);
}

/** What {@link packShares} packed, to within 1 / 131070. */
export function unpackShares(text: string): Float32Array {
  const bytes = fromBase64(text);
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length >> 1 }, (_, n) => view.getUint16(2 * n, true) / ONE);
}

export function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192)
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

const count = z.number().int().positive().max(100_000);
const size = z.object({ width: count, height: count });
const base64 = z
  .string()
  .max(4_000_000)
  .regex(/^[A-Za-z0-9+/]*={0,2}$/, "must be base64");
const geometrySchema = z.object({
  original: size,
  processed: size,
  scaleX: z.number().positive(),
  scaleY: z.number().positive(),
  offsetX: z.number(),
  offsetY: z.number(),
  patch: z.number().positive(),
  grid: z.object({ rows: count.max(1000), columns: count.max(1000) }),
});
const text = z.string().max(1000);
const lineSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("pictures"),
    version: z.literal(1),
    pictures: z
      .array(
        z.object({
          id: text,
          png: base64,
          geometry: geometrySchema,
          concept: text.optional(),
          question: text.optional(),
          conceptShares: base64.optional(),
          evidenceShares: base64.optional(),
        }),
      )
      .max(64),
  }),
  z.object({
    kind: z.literal("maps"),
    step: z.int().min(0),
    maps: z
      .array(z.object({ lens: base64.optional(), answer: text.optional(), attention: base64.optional() }))
      .max(64),
  }),
]);

/** A line as it was written; undefined for anything else. */
export function readProbeLine(line: string): ProbeLine | undefined {
  try {
    return lineSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
