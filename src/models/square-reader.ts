import { join } from "node:path";
import { mustBe } from "../common/errors.ts";
import type { ImageGeometry } from "../common/image.ts";
import { type FolderFiles, requirePreprocessor } from "../hub/folder.ts";
import { parseProcessor, processImage } from "../hub/processor.ts";
import type { ImageReader } from "./images.ts";

/** What a model takes: images of one size, a token for each patch after any others. */
export interface SquareImages {
  readonly imageSize: number;
  readonly patchSize: number;
  readonly imageTokenId: number;
  /** Image tokens before the first patch. */
  readonly extraTokens: number;
}

/** Images of the one size that a tower takes. Throws a UserError where the folder's processor gives another one. */
export function openSquareReader(
  { imageSize, patchSize, imageTokenId, extraTokens }: SquareImages,
  files: FolderFiles,
  path: string,
): ImageReader {
  const file = join(path, "preprocessor_config.json");
  const processor = parseProcessor(requirePreprocessor(files, path), file);
  const side = Math.floor(imageSize / patchSize);
  const ids = new Array<number>(extraTokens + side ** 2).fill(imageTokenId);
  return {
    see(image) {
      const { pixelValues, geometry } = processImage(image, processor, patchSize);
      checkGrid(geometry, side, imageSize, file);
      return {
        pixelValues: { ...pixelValues, shape: [1, ...pixelValues.shape] },
        shape: { rows: side, columns: side },
        ids,
        extraTokens,
        views: [geometry],
      };
    },
  };
}

function checkGrid({ grid, processed }: ImageGeometry, side: number, size: number, file: string): void {
  if (grid.rows === side && grid.columns === side) return;
  const rule = `for images of ${size} x ${size} pixels, as config.json says`;
  throw mustBe("model", file, rule, `${processed.width} x ${processed.height}`);
}
