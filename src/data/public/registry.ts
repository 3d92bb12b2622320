/** The published forms that can be read. */
import { cocoCaptions } from "./coco-captions.ts";
import { cocoInstances } from "./coco-instances.ts";
import type { PublicFormat } from "./format.ts";
import { groundingJson } from "./grounding-json.ts";
import { imageFolder, jsonLines } from "./own.ts";
import { pixmoPoints } from "./pixmo-points.ts";
import { pope } from "./pope.ts";
import { refCoco } from "./refcoco.ts";

/** Every form of data that can be read. A new one is its file and a line here. */
export const publicFormats = {
  coco: cocoInstances,
  "coco-captions": cocoCaptions,
  refcoco: refCoco,
  "pixmo-points": pixmoPoints,
  pope,
  grounding: groundingJson,
  imagefolder: imageFolder,
  jsonl: jsonLines,
} as const satisfies Record<string, PublicFormat>;

export type FormatName = keyof typeof publicFormats;
export const formatNames = Object.keys(publicFormats) as FormatName[];
