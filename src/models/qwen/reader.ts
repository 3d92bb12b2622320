import { mustBe } from "../../common/errors.ts";
import { joinPlace } from "../../common/place.ts";
import { type FolderFiles, requirePreprocessor } from "../../hub/folder.ts";
import type { ImageReader } from "../inputs/images.ts";
import type { ImageShape } from "../inputs/inputs.ts";
import { measureQwenImage, parseQwenProcessor, processQwenImage } from "./processor.ts";

/** What a Qwen model's config.json says of its images. */
export interface QwenImageFacts {
  readonly patchSize: number;
  readonly temporalPatchSize: number;
  readonly spatialMergeSize: number;
  readonly imageTokenId: number;
}

/** Throws a UserError where preprocessor_config.json is missing or does not fit config.json. */
export function openQwenReader(facts: QwenImageFacts, files: FolderFiles, path: string): ImageReader {
  const file = joinPlace(path, "preprocessor_config.json");
  const processor = parseQwenProcessor(requirePreprocessor(files, path), file);
  const agree = (name: string, said: number, wanted: number) => {
    if (said !== wanted) throw mustBe(file, name, `${wanted} as in config.json`, said);
  };
  agree("patch_size", processor.patchSize, facts.patchSize);
  agree("temporal_patch_size", processor.temporalPatchSize, facts.temporalPatchSize);
  agree("merge_size", processor.mergeSize, facts.spatialMergeSize);
  const idsOf = ({ rows, columns }: ImageShape) =>
    new Array<number>((rows * columns) / facts.spatialMergeSize ** 2).fill(facts.imageTokenId);
  return {
    preprocess(image) {
      const { pixelValues, shape, geometry } = processQwenImage(image, processor);
      return { pixelValues, shape, ids: idsOf(shape), extraTokens: 0, views: [geometry] };
    },
    measure(size) {
      const { shape, processed } = measureQwenImage(size, processor);
      const ids = idsOf(shape);
      return { shape, processed, ids, tokens: ids.length };
    },
  };
}
