/** The image processor of families whose images all have one size. */
import { mustBe } from "../../common/errors.ts";
import type { ImageGeometry, Size } from "../../common/image.ts";
import { joinPlace } from "../../common/place.ts";
import { type FolderFiles, requirePreprocessor } from "../../hub/folder.ts";
import type { ImageReader } from "./images.ts";
import { processedSize, processImage } from "./square-processor.ts";
import { type ProcessorKind, parseProcessor } from "./square-settings.ts";

/** What a model takes: images of one size, a token for each patch after any others. */
export interface SquareImages {
  readonly imageSize: number;
  readonly patchSize: number;
  readonly imageTokenId: number;
  /** Image tokens before the first patch. */
  readonly extraTokens: number;
  /** The family's own kind of processor, where a file names none. */
  readonly usual: ProcessorKind;
}

/** Patches of one image; no row is longer. */
const mostTokens = 2 ** 20;

/** Images of the one size that a tower takes. Throws a UserError where the folder's processor gives another one. */
export function openSquareReader(
  { imageSize, patchSize, imageTokenId, extraTokens, usual }: SquareImages,
  files: FolderFiles,
  path: string,
): ImageReader {
  const file = joinPlace(path, "preprocessor_config.json");
  const processor = parseProcessor(requirePreprocessor(files, path), file, usual);
  const side = Math.floor(imageSize / patchSize);
  if (side ** 2 > mostTokens)
    throw mustBe(
      joinPlace(path, "config.json"),
      "image_size / patch_size",
      `at most ${Math.sqrt(mostTokens)}`,
      side,
    );
  const ids = new Array<number>(extraTokens + side ** 2).fill(imageTokenId);
  const floor = (pixels: number) => Math.floor(pixels / patchSize);
  const checkGrid = ({ width, height }: ImageGeometry["processed"], grid: ImageGeometry["grid"]) => {
    if (grid.rows === side && grid.columns === side) return;
    const rule = `for images of ${imageSize} x ${imageSize} pixels, as config.json says`;
    throw mustBe("model", file, rule, `${width} x ${height}`);
  };
  const measure = (size: Size) => {
    const processed = processedSize(processor, size);
    checkGrid(processed, { rows: floor(processed.height), columns: floor(processed.width) });
    return { shape: { rows: side, columns: side }, tokens: ids.length, ids, processed };
  };
  return {
    preprocess(image) {
      measure(image);
      const { pixelValues, geometry } = processImage(image, processor, patchSize);
      return {
        pixelValues: { ...pixelValues, shape: [1, ...pixelValues.shape] },
        shape: { rows: side, columns: side },
        ids,
        extraTokens,
        views: [geometry],
      };
    },
    measure,
  };
}
