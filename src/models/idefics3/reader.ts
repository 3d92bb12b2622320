import { BoundedCache } from "../../common/bounded-cache.ts";
import { mustBe } from "../../common/errors.ts";
import { joinPlace } from "../../common/place.ts";
import { type FolderFiles, requirePreprocessor } from "../../hub/folder.ts";
import type { TextTokenizer } from "../../hub/text/tokenizer.ts";
import type { ImageReader } from "../inputs/images.ts";
import type { ImageShape } from "../inputs/inputs.ts";
import { type Idefics3Config, tokensOnSide } from "./config.ts";
import { parseIdefics3Processor, processTiles, tileSizes } from "./processor.ts";
import { picturesOf } from "./vision.ts";

/** Throws a UserError where a file is missing or does not fit config.json. */
export function openIdefics3Reader(
  config: Idefics3Config,
  files: FolderFiles,
  tokenizer: TextTokenizer,
  path: string,
): ImageReader {
  const file = joinPlace(path, "preprocessor_config.json");
  const processor = parseIdefics3Processor(requirePreprocessor(files, path), file);
  const side = tokensOnSide(config, processor.tile);
  if (!Number.isInteger(side) || side === 0)
    throw mustBe(file, "max_image_size", "a multiple of the pixels of one image token", processor.tile);
  const tokens = side ** 2;
  const said = files.processor?.image_seq_len ?? tokens;
  if (said !== tokens)
    throw mustBe(joinPlace(path, "processor_config.json"), "image_seq_len", `${tokens} for this model`, said);
  const marks = marksOf(config, files, tokenizer);
  const cell = config.visionConfig.patchSize * config.scaleFactor;
  const known = new BoundedCache<string, readonly number[]>({
    name: "tokens of cut images",
    limit: 64,
    maxBytes: 4 * 2 ** 20,
    size: ({ length }) => 8 * length,
  });
  const idsOf = (shape: ImageShape): readonly number[] =>
    known.getOrMakeNow(`${shape.rows} x ${shape.columns}`, () => {
      const ids = tokenizer.encode(imageText(shape, tokens, marks));
      checkIds(ids, config, picturesOf(shape) * tokens, path);
      return ids;
    });
  return {
    preprocess(image) {
      const { pixelValues, shape, views } = processTiles(image, processor, cell);
      return { pixelValues, shape, ids: idsOf(shape), extraTokens: 0, views };
    },
    measure(size) {
      const { tiled, shape } = tileSizes(size, processor);
      return { shape, processed: tiled, tokens: picturesOf(shape) * tokens, ids: idsOf(shape) };
    },
  };
}

/** Texts of the tokens around and within an image. */
export interface ImageMarks {
  /** Before each picture and after the last. */
  readonly around: string;
  /** Before the whole view. */
  readonly global: string;
  readonly image: string;
}

/** Published tokenizers name their marks in their config or, the older ones, have the usual ones. */
function marksOf(
  { imageTokenId }: Idefics3Config,
  { tokenizerConfig = {} }: FolderFiles,
  tokenizer: TextTokenizer,
): ImageMarks {
  const extra = (tokenizerConfig.extra_special_tokens ?? {}) as Record<string, unknown>;
  const named = (key: string, usual: string) => {
    const text = tokenizerConfig[key] ?? extra[key];
    return typeof text === "string" ? text : usual;
  };
  return {
    around: named("fake_image_token", "<fake_token_around_image>"),
    global: named("global_image_token", "<global-img>"),
    image: tokenizer.token(imageTokenId) ?? "<image>",
  };
}

/** What Python's processors write for one image: a line for each row of tiles, then the whole view. */
export function imageText({ rows, columns }: ImageShape, tokens: number, marks: ImageMarks): string {
  const picture = (name: string) => marks.around + name + marks.image.repeat(tokens);
  const row = (r: number) =>
    Array.from({ length: columns }, (_, c) => picture(`<row_${r + 1}_col_${c + 1}>`)).join("");
  const lines = Array.from({ length: rows }, (_, r) => `${row(r)}\n`).join("");
  return `${lines}${rows > 0 ? "\n" : ""}${picture(marks.global)}${marks.around}`;
}

function checkIds(ids: readonly number[], config: Idefics3Config, expected: number, path: string): void {
  const found = ids.filter((id) => id === config.imageTokenId).length;
  if (found !== expected)
    throw mustBe(path, "image_token_id", `the tokenizer's image token, ${expected} of them`, found);
}
