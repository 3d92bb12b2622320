import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openText, readFolderFiles } from "../../src/hub/folder.ts";
import { readImage } from "../../src/hub/image/image-file.ts";
import { encodePrompt } from "../../src/hub/text/chat.ts";
import { familyOf } from "../../src/models/registry.ts";
import { loadParity, type Parity, readExpected, rowsOf } from "./parity.ts";

type Json = Record<string, unknown>;

/** How a published folder, by memory of the hub's files, says what today's `config.json` and `processor_config.json` say. */
interface Layout {
  readonly fixture: string;
  readonly source: string;
  readonly config: (config: Json) => Json;
  readonly preprocessor: (image: Json) => Json;
  readonly processor?: Json;
  readonly template: "chat_template.json" | "tokenizer_config.json";
}

const same = (json: Json) => json;

/** transformers 4: rotary settings in two fields, and other names for them. */
function oldRotary({ rope_parameters, ...config }: Json, scaling?: Json): Json {
  const { rope_theta, rope_type, ...others } = rope_parameters as Json;
  const plain = rope_type === "default" && scaling === undefined && Object.keys(others).length === 0;
  return { ...config, rope_theta, rope_scaling: plain ? null : { ...others, ...(scaling ?? { rope_type }) } };
}

const nested = (config: Json) => ({ ...config, text_config: oldRotary(config.text_config as Json) });

const layouts: readonly Layout[] = [
  {
    fixture: "qwen2_5_vl/windows",
    source: "Qwen/Qwen2.5-VL-7B-Instruct",
    config({ text_config, vision_config, ...config }) {
      const { model_type: _, ...text } = oldRotary(text_config as Json, { type: "mrope" });
      const { rope_parameters: _r, in_channels, model_type: _m, ...vision } = vision_config as Json;
      return { ...text, ...config, vision_config: { ...vision, in_chans: in_channels } };
    },
    preprocessor({ size, ...image }) {
      const { shortest_edge, longest_edge } = size as Json;
      const { merge_size, patch_size, temporal_patch_size, image_mean, image_std } = image;
      const kept = { merge_size, patch_size, temporal_patch_size, image_mean, image_std };
      const type = "Qwen2VLImageProcessor";
      return { ...kept, min_pixels: shortest_edge, max_pixels: longest_edge, image_processor_type: type };
    },
    template: "chat_template.json",
  },
  {
    fixture: "qwen3_vl/deepstack",
    source: "Qwen/Qwen3-VL-8B-Instruct",
    config(config) {
      const { rope_parameters: _, ...vision } = config.vision_config as Json;
      return { ...nested(config), vision_config: { ...vision, model_type: "qwen3_vl" } };
    },
    preprocessor: (image) => ({ ...image, image_processor_type: "Qwen2VLImageProcessorFast" }),
    template: "tokenizer_config.json",
  },
  {
    fixture: "idefics3/tiles",
    source: "HuggingFaceM4/Idefics3-8B-Llama3",
    config: nested,
    preprocessor: same,
    processor: { image_seq_len: 4, processor_class: "Idefics3Processor" },
    template: "tokenizer_config.json",
  },
  {
    fixture: "smolvlm/tiles",
    source: "HuggingFaceTB/SmolVLM2-256M-Video-Instruct",
    config: nested,
    preprocessor: same,
    processor: { image_seq_len: 4, processor_class: "SmolVLMProcessor" },
    template: "chat_template.json",
  },
  {
    fixture: "llava/clip-llama3-rope",
    source: "llava-hf/llava-1.5-7b-hf",
    config: nested,
    preprocessor: same,
    processor: {
      image_token: "<image>",
      num_additional_image_tokens: 1,
      patch_size: 4,
      processor_class: "LlavaProcessor",
      vision_feature_select_strategy: "default",
    },
    template: "chat_template.json",
  },
];

describe.each(layouts)("$fixture in the layout of $source", (layout) => {
  let parity: Parity;
  let folder: string;

  beforeAll(async () => {
    parity = await loadParity(layout.fixture);
    folder = await mkdtemp(join(tmpdir(), "published-"));
    await writePublished(parity.folder, folder, layout);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("is read as the same model", async () => {
    const known = familyOf(JSON.parse(await readFile(join(folder, "config.json"), "utf8")));
    const { family, params } = await known.load(folder);
    expect(family.config).toEqual(parity.family.config);
    expect(params).toEqual(parity.params);
  });

  it("is read as the same processor", async () => {
    const { images, messages, imageTokenId } = await readExpected(layout.fixture);
    const files = await readFolderFiles(folder);
    const { tokenizer, chat } = openText(files, folder, { imageTokenId });
    const reader = parity.family.openReader(files, tokenizer, folder);
    const pictures = await Promise.all(images[0].map((name) => readImage(`${parity.folder}${name}`)));
    const seen = pictures.map((image) => reader.preprocess(image));
    const ids = encodePrompt(chat, messages[0], { images: seen.map((image) => image.ids) });
    expect(ids).toEqual(rowsOf(await parity.reference("input_ids"))[0]);
    const pixels = seen.flatMap(({ pixelValues }) => [...pixelValues.data]);
    expect(pixels).toEqual([...(await parity.reference("pixel_values")).data].slice(0, pixels.length));
  });
});

async function writePublished(from: string, to: string, layout: Layout): Promise<void> {
  const read = async (name: string): Promise<Json> => JSON.parse(await readFile(`${from}${name}`, "utf8"));
  const write = (name: string, json: Json) => writeFile(join(to, name), JSON.stringify(json));
  const template = { chat_template: await readFile(`${from}chat_template.jinja`, "utf8") };
  const tokenizer = await read("tokenizer_config.json");
  const inTokenizer = layout.template === "tokenizer_config.json";
  await write("config.json", layout.config(await read("config.json")));
  await write("tokenizer_config.json", inTokenizer ? { ...tokenizer, ...template } : tokenizer);
  if (!inTokenizer) await write(layout.template, template);
  const { image_processor } = await read("processor_config.json");
  await write("preprocessor_config.json", layout.preprocessor(image_processor as Json));
  if (layout.processor !== undefined) await write("processor_config.json", layout.processor);
  for (const name of ["model.safetensors", "tokenizer.json"])
    await copyFile(`${from}${name}`, join(to, name));
}
