import { maskArea, maskBox } from "../../grounding/mask.ts";
import { compressCounts } from "../../grounding/rle.ts";
import type { Example } from "../example.ts";

/** One object in COCO's `annotations`; its ids are given when the file is put together. */
export interface CocoObject {
  readonly name: string;
  readonly bbox: readonly [x: number, y: number, width: number, height: number];
  readonly area: number;
  readonly segmentation: { readonly size: readonly [number, number]; readonly counts: string };
}

export interface CocoImage {
  readonly fileName: string;
  readonly width: number;
  readonly height: number;
  readonly objects: readonly CocoObject[];
}

/** The masks of an example's concepts as COCO objects. */
export function cocoImage({ image, concepts }: Example, fileName: string): CocoImage {
  const objects = concepts.flatMap(({ word, regions }) =>
    regions.flatMap((region) => {
      const box = region.kind === "mask" ? maskBox(region) : undefined;
      if (region.kind !== "mask" || box === undefined) return [];
      const [x0, y0, x1, y1] = box;
      const segmentation = { size: region.size, counts: compressCounts(region.counts) };
      return [
        { name: word, bbox: [x0, y0, x1 - x0, y1 - y0] as const, area: maskArea(region), segmentation },
      ];
    }),
  );
  return { fileName, width: image.width, height: image.height, objects };
}

/** `annotations.json` in the form of COCO's instance annotations; ids count from 1 in the order given. */
export function cocoFile(all: readonly CocoImage[], names: readonly string[], description: string): string {
  const categories = new Map(names.map((name, i) => [name, i + 1]));
  const images = all.map(({ fileName, width, height }, i) => ({
    id: i + 1,
    file_name: fileName,
    width,
    height,
  }));
  const annotations = all
    .flatMap(({ objects }, i) => objects.map(({ name, ...object }) => ({ image_id: i + 1, name, ...object })))
    .map(({ name, ...object }, i) => ({
      id: i + 1,
      ...object,
      category_id: categories.get(name),
      iscrowd: 0,
    }));
  return JSON.stringify({
    info: { description },
    images,
    annotations,
    categories: [...categories].map(([name, id]) => ({ id, name })),
  });
}
