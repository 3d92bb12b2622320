/** A model's folder may come from anybody: what is wrong with it is told in one line, before it can hang or fill the memory. */
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { scaleOf } from "../../src/hub/weights/peft.ts";
import { greedyAnswer } from "../../src/vlm/answer.ts";
import { openVlm } from "../../src/vlm/open.ts";
import { promptOf } from "../../src/vlm/prompt.ts";

const published = new URL("../fixtures/models/llava/clip-mistral", import.meta.url).pathname;
const picture = { width: 41, height: 30, data: new Uint8Array(41 * 30 * 3).fill(120) };
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-hostile-"));
  await cp(published, folder, { recursive: true });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What the folder says with one file changed, when it is opened and asked. */
async function told(file: string, change: (content: Buffer) => Buffer | string): Promise<string> {
  const path = join(folder, file);
  const content = await readFile(path);
  await writeFile(path, change(content));
  try {
    const model = await openVlm(folder);
    await greedyAnswer(model, promptOf(model, picture, "What is it?"), 1);
    return "";
  } catch (error) {
    expect((error as Error).name).toBe("UserError");
    return (error as Error).message;
  } finally {
    await writeFile(path, content);
  }
}

const withField = (path: string, value: unknown) => (content: Buffer) => {
  const json = JSON.parse(content.toString());
  const keys = path.split(".");
  const inside = keys.slice(0, -1).reduce((node, key) => node[key], json);
  inside[keys[keys.length - 1]] = value;
  return JSON.stringify(json);
};

test("the folder is a model as it stands", async () => {
  expect(await told("config.json", (content) => content)).toBe("");
});

const sizes = [
  "text_config.num_hidden_layers",
  "text_config.hidden_size",
  "text_config.intermediate_size",
  "text_config.num_attention_heads",
  "text_config.head_dim",
  "text_config.vocab_size",
  "vision_config.num_hidden_layers",
  "vision_config.hidden_size",
  "vision_config.image_size",
  "vision_config.patch_size",
];
const hostile = [1e9, 1e308, -1, 0, 0.5, "x", [], {}];

test.each(sizes)("%s of any value is refused by its field or by the tensors", async (field) => {
  const name = field.split(".").at(-1) as string;
  for (const value of hostile)
    expect([value, await told("config.json", withField(field, value))]).toEqual([
      value,
      expect.stringMatching(new RegExp(`^.*(${name}|does not fit the model|image_size / patch_size).*$`)),
    ]);
});

test.each([
  ["image_processor.size", 1e9],
  ["image_processor.size.shortest_edge", 30_000],
  ["image_processor.size.shortest_edge", 1e12],
  ["image_processor.crop_size", 1e9],
  ["image_processor.crop_size", { height: 30_000, width: 30_000 }],
])("%s of %s is refused before a picture is made", async (field, value) => {
  expect(await told("processor_config.json", withField(field, value))).toMatch(
    /^.*(at most \d+ pixels|must be for images of|\{height, width\}).*$/,
  );
});

test.each([
  "config.json",
  "generation_config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "model.safetensors",
  "chat_template.jinja",
])("a Git LFS pointer in place of %s is called one", async (file) => {
  const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n";
  expect(await told(file, () => pointer)).toBe(
    `${join(folder, file)} is a Git LFS pointer, not the file; fetch it with: git lfs pull`,
  );
});

test.each(["config.json", "generation_config.json", "tokenizer.json", "processor_config.json"])(
  "a %s that is deep, cut off or something else is refused",
  async (file) => {
    for (const text of ["[".repeat(100_000), `{"a":`.repeat(100_000), "", "[]", "5", '{"a"', "\0"])
      expect(await told(file, () => text)).toContain(join(folder, file));
  },
);

test("weights that are no numbers are named with the tensor and how many", async () => {
  const name = "language_model.model.layers.0.mlp.up_proj.weight";
  const poison = (value: number, places: number) => (content: Buffer) => {
    const bytes = Buffer.from(content);
    const length = Number(bytes.readBigUInt64LE(0));
    const header = JSON.parse(bytes.subarray(8, 8 + length).toString());
    const [key] = Object.keys(header).filter((one) => one.endsWith("layers.0.mlp.up_proj.weight"));
    expect([header[key].dtype, key.endsWith(name.slice(-30))]).toEqual(["F32", true]);
    const start = 8 + length + header[key].data_offsets[0];
    for (let i = 0; i < places; i++) bytes.writeFloatLE(value, start + 4 * i);
    return bytes;
  };
  expect(await told("model.safetensors", poison(Number.NaN, 3))).toMatch(
    /^model: its weights must be finite numbers: tensor \S*layers\.0\.mlp\.up_proj\.weight has 3 of \d+ values that are NaN or infinite$/,
  );
});

const config = {
  rank: 8,
  alpha: 16,
  dropout: 0,
  rankStabilised: false,
  targets: [],
  base: null,
  revision: null,
};
const module = "base.layers.0.self_attn.q_proj";

test("patterns of alpha are matched in linear time, and those that cannot be are refused", () => {
  const scale = (pattern: string, of = module) =>
    scaleOf({ ...config, alphaPattern: { [pattern]: 32 } }, of, 8);
  expect(scale("q_proj")).toBe(4);
  expect(scale("(?!.*visual).*q_proj")).toBe(4);
  expect(scale("^(?!.*layers).*q_proj")).toBe(2);
  expect(scale("layers\\.\\d+\\.self_attn\\.(q_proj|v_proj)")).toBe(4);
  for (const pattern of ["(a+)+", "(a|a)*", "((\\w+)*\\.?)+x", "(.*)*(.*)*(.*)*z"])
    expect(scale(pattern, `${"a".repeat(5000)}!`)).toBe(2);
  for (const pattern of ["(", "(a)\\1", "(?P<x>a)", "[b-a]", "(a{1000}){1000}"])
    expect(() => scale(pattern)).toThrow(/^adapter_config\.json: alpha_pattern: ".*": .+$/);
});
