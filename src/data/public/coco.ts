import { z } from "zod";
import type { Box } from "../../grounding/geometry.ts";
import { maskArea, unionMasks } from "../../grounding/mask.ts";
import type { BoxRegion, MaskRegion, Region } from "../../grounding/region.ts";
import { expandCounts } from "../../grounding/rle.ts";
import type { Placed } from "../tables/placed.ts";
import type { Size } from "./format.ts";
import { placed } from "./json.ts";
import { polygonRuns } from "./polygon.ts";
import { bad, checked, keysOf, noteUnread } from "./rows.ts";
import type { Tally } from "./tally.ts";

/** What COCO's files have in common: https://cocodataset.org/#format-data */
export const cocoImageSchema = z.object({
  id: z.int(),
  file_name: z.string().min(1),
  width: z.int().min(1),
  height: z.int().min(1),
});
export type CocoPicture = z.output<typeof cocoImageSchema>;

/** The pictures of a file's `images`; of several with one id only the first, the others are counted. */
export async function* cocoPictures(
  images: readonly unknown[],
  path: string,
  list: Tally,
): AsyncGenerator<Placed<CocoPicture>> {
  const ids = new Set<number>();
  for await (const picture of checked(placed(images, path, "images"), cocoImageSchema, list)) {
    if (ids.has(picture.value.id)) list.leaveOut("pictures of an id that an earlier one has");
    else yield picture;
    ids.add(picture.value.id);
  }
}

/** What COCO's own files say besides, of which nothing depends here. */
const usual = ["license", "coco_url", "flickr_url", "date_captured", "area", "supercategory"];

/** Says which fields of a list's entries nobody reads, of those that COCO's own instances do not have: key points. */
export function sayStrayFields(values: readonly unknown[], list: string, known: object, tally: Tally): void {
  const stray = new Set<string>();
  for (const value of values)
    for (const key of keysOf(value))
      if (!Object.hasOwn(known, key) && !usual.includes(key)) stray.add(`${list}.${key}`);
  noteUnread(tally, stray);
}

export const cocoCategorySchema = z.object({ id: z.int(), name: z.string().min(1) });

const xywh = z.tuple([z.number(), z.number(), z.number(), z.number()]);
const polygon = z
  .array(z.number())
  .refine((list) => list.length >= 6 && list.length % 2 === 0, "must be x and y of at least 3 corners");
const runLengths = z.object({
  size: z.tuple([z.int().min(1), z.int().min(1)]),
  counts: z.union([z.string(), z.array(z.int().min(0))]),
});
export const segmentationSchema = z.union([z.array(polygon), runLengths]);
export type Segmentation = z.output<typeof segmentationSchema>;

export const cocoAnnotationSchema = z.object({
  id: z.int(),
  image_id: z.int(),
  category_id: z.int(),
  bbox: xywh,
  segmentation: segmentationSchema.nullish(),
  iscrowd: z.union([z.literal(0), z.literal(1)]).default(0),
});
export type CocoAnnotation = z.output<typeof cocoAnnotationSchema>;

/**
 * COCO's `[x, y, width, height]` as a box, cut at the picture's border; a {@link bad} row when nothing is
 * left.
 */
export function boxOf(bbox: readonly [number, number, number, number], size: Size, tally: Tally): BoxRegion {
  const [x, y, width, height] = bbox;
  return { kind: "box", box: cutBox([x, y, x + width, y + height], size, tally) };
}

/** A box cut at the picture's border; throws a {@link bad} row when nothing is left of it. */
export function cutBox([x0, y0, x1, y1]: Box, { width, height }: Size, tally: Tally): Box {
  const cut = [clamp(x0, width), clamp(y0, height), clamp(x1, width), clamp(y1, height)] as const;
  if (!(cut[0] < cut[2] && cut[1] < cut[3]))
    throw bad(
      "bbox",
      `must have an area in the ${width} x ${height} picture, got [${[x0, y0, x1, y1].join(", ")}]`,
    );
  // Published boxes miss the border by rounding: only more than a hundredth of a pixel is worth a word.
  const moved = Math.max(cut[0] - x0, cut[1] - y0, x1 - cut[2], y1 - cut[3]);
  if (moved > 0.01) tally.count("boxes cut at the border");
  return cut;
}

function clamp(value: number, most: number): number {
  return Math.min(most, Math.max(0, value));
}

/**
 * The mask of a segmentation, pixel for pixel that of `pycocotools`; undefined for an empty one. Throws a
 * {@link bad} row where run lengths do not fill the picture.
 */
export function maskOf(segmentation: Segmentation, { width, height }: Size): MaskRegion | undefined {
  if (Array.isArray(segmentation)) {
    if (segmentation.length === 0) return undefined;
    const parts = segmentation.map((corners) => polygonRuns(corners, height, width));
    return filled(parts.length === 1 ? parts[0] : unionMasks(parts));
  }
  const { size, counts } = segmentation;
  if (size[0] !== height || size[1] !== width)
    throw bad("segmentation.size", `must be [${height}, ${width}], got [${size.join(", ")}]`);
  const runs = typeof counts === "string" ? expandCounts(counts) : counts;
  const total = runs.reduce((sum, run) => sum + run, 0);
  if (total !== height * width || runs.some((run) => run < 0))
    throw bad("segmentation.counts", `must add up to ${height} x ${width}, got ${total}`);
  return filled({ kind: "mask", size, counts: runs });
}

function filled(mask: MaskRegion): MaskRegion | undefined {
  return maskArea(mask) > 0 ? mask : undefined;
}

/** Where an annotated object is: its mask, or its box where it has none. */
export function regionOf({ segmentation, bbox }: CocoAnnotation, size: Size, tally: Tally): Region {
  const box = boxOf(bbox, size, tally);
  return (segmentation && maskOf(segmentation, size)) ?? box;
}
