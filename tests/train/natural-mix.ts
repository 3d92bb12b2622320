/** A data set as people have them, without its pictures: sizes and texts of a natural mix. */

import type { Size } from "../../src/common/image.ts";
import { type Random, random } from "../../src/common/random.ts";
import type { CollateTools } from "../../src/data/encode.ts";
import type { ExampleRef, Question } from "../../src/data/example.ts";
import type { FolderFiles } from "../../src/hub/folder.ts";
import type { Idefics3Config } from "../../src/models/idefics3/config.ts";
import { openIdefics3Reader } from "../../src/models/idefics3/reader.ts";
import { openQwenReader } from "../../src/models/qwen/reader.ts";
import { openVlm } from "../../src/vlm/open.ts";

/** Sizes of photo data sets (COCO, Flickr, telephones, screens) with their shares in a hundred, then panoramas. */
const sizes: readonly (readonly [share: number, width: number, height: number])[] = [
  [20, 640, 480],
  [9, 480, 640],
  [9, 640, 427],
  [4, 427, 640],
  [6, 640, 426],
  [6, 500, 375],
  [3, 375, 500],
  [4, 500, 333],
  [6, 1024, 768],
  [3, 768, 1024],
  [4, 1280, 720],
  [2, 720, 1280],
  [4, 512, 512],
  [3, 1080, 1080],
  [2, 1600, 900],
  [1, 1600, 400],
];

function sizeOf(chance: Random): Size {
  let at = chance.integer(100);
  for (const [share, width, height] of sizes) {
    at -= share;
    if (at < 0) return { width, height };
  }
  // The rest are cut by hand: any size at all.
  return { width: 200 + chance.integer(1000), height: 200 + chance.integer(1000) };
}

const words =
  "what is the colour of this thing that stands near a small red house and who sees it there".split(" ");

function textOf(chance: Random, least: number, most: number): string {
  return Array.from({ length: least + chance.integer(most - least + 1) }, () => chance.pick(words)).join(" ");
}

/**
 * Short answers, and now and then a sentence or a description. The fixtures' tokenizers make four tokens of a word where
 * published ones make about 1.3: a third of the words stands for as many tokens.
 */
function answerOf(chance: Random): string {
  const kind = chance.integer(10);
  if (kind < 6) return textOf(chance, 1, 1);
  return kind < 9 ? textOf(chance, 2, 5) : textOf(chance, 10, 20);
}

export function naturalMix(
  count: number,
  questions: number,
): readonly (ExampleRef & { readonly own: Size })[] {
  return Array.from({ length: count }, (_, i) => {
    const chance = random("natural", i);
    const own = sizeOf(chance);
    const asked = Array.from({ length: 1 + chance.integer(questions) }, (): Question => {
      return { task: "open", question: `${textOf(chance, 2, 7)} ?`, answer: answerOf(chance), regions: [] };
    });
    const load = () => Promise.reject(new Error("no picture is read"));
    const concepts = Array.from({ length: 3 }, () => ({ word: chance.pick(words), regions: [] }));
    return { id: `${i}`, picture: `${i}`, questions: asked, concepts, own, size: async () => own, load };
  });
}

const fixture = (name: string) => new URL(`../fixtures/models/${name}/`, import.meta.url).pathname;

/** The tiny models take rows of 256 tokens; published ones take these. */
async function openLong(name: string) {
  const { chat, family, facts } = await openVlm(fixture(name));
  return { chat, facts, family: { ...family, facts: { ...facts, longestRow: 2 ** 15 } } };
}

/** Tools of a tiny Qwen2.5-VL whose pictures are measured as those of Qwen/Qwen2.5-VL-3B-Instruct. */
export async function qwenTools(): Promise<CollateTools> {
  const { chat, family, facts } = await openLong("qwen2_5_vl/windows");
  const preprocessor = {
    image_processor_type: "Qwen2VLImageProcessor",
    min_pixels: 3136,
    max_pixels: 12845056,
    patch_size: 14,
    temporal_patch_size: 2,
    merge_size: 2,
    image_mean: [0.48145466, 0.4578275, 0.40821073],
    image_std: [0.26862954, 0.26130258, 0.27577711],
  };
  const sizes = {
    patchSize: 14,
    temporalPatchSize: 2,
    spatialMergeSize: 2,
    imageTokenId: facts.imageTokenId,
  };
  const files = { preprocessor } as unknown as FolderFiles;
  return { chat, family, reader: openQwenReader(sizes, files, ".") };
}

/**
 * Tools of a tiny SmolVLM whose pictures are measured as those of HuggingFaceTB/SmolVLM-Instruct: tiles of 81 tokens, up
 * to four on a side.
 */
export async function tileTools(): Promise<CollateTools> {
  const { chat, family } = await openLong("smolvlm/tiles");
  const preprocessor = {
    image_processor_type: "Idefics3ImageProcessor",
    size: { longest_edge: 1536 },
    max_image_size: { longest_edge: 384 },
    do_image_splitting: true,
    do_rescale: true,
    do_normalize: true,
    image_mean: [0.5, 0.5, 0.5],
    image_std: [0.5, 0.5, 0.5],
  };
  const tiny = family.config as Idefics3Config;
  const visionConfig = { ...tiny.visionConfig, imageSize: 384, patchSize: 14 };
  const sizes = { ...tiny, visionConfig, scaleFactor: 3 };
  const files = { preprocessor } as unknown as FolderFiles;
  return { chat, family, reader: openIdefics3Reader(sizes, files, chat.tokenizer, ".") };
}
