import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { float32 } from "../../src/engine/host.ts";
import { llavaProcessor, openText, readFolderFiles, requirePreprocessor } from "../../src/hub/folder.ts";
import { float, formatJson, parseJson } from "../../src/hub/json.ts";
import { defaultChatTemplate, renderPrompt } from "../../src/hub/text/chat.ts";
import { wordTokenizer } from "../../src/hub/text/word-tokenizer.ts";
import { openCheckpoint } from "../../src/hub/weights/checkpoint.ts";
import { writeModelFolder } from "../../src/hub/write-folder.ts";
import { imageProcessor, parseProcessor, processorJson } from "../../src/models/inputs/square-settings.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-folder-"));
});
afterAll(() => rm(folder, { recursive: true }));

const tensors = new Map([["w", float32([2], [1, 2])]]);
const complete = {
  config: { model_type: "llava", vision_config: { my_key: 0.5 } },
  generationConfig: { eos_token_id: 2 },
  ...wordTokenizer(["cat"]),
  specialTokensMap: { pad_token: "<pad>" },
  chatTemplate: defaultChatTemplate,
  preprocessor: processorJson(imageProcessor(64)),
  processor: llavaProcessor({ patchSize: 8 }),
};

test("a folder is read back as it was written", async () => {
  const path = join(folder, "complete");
  await writeModelFolder(path, complete, tensors, { also: (at) => writeFile(join(at, "README.md"), "card") });
  expect((await readdir(path)).sort()).toMatchInlineSnapshot(`
    [
      "README.md",
      "chat_template.jinja",
      "config.json",
      "generation_config.json",
      "model.safetensors",
      "preprocessor_config.json",
      "processor_config.json",
      "special_tokens_map.json",
      "tokenizer.json",
      "tokenizer_config.json",
    ]
  `);
  expect(await readFolderFiles(path)).toEqual(complete);
  expect(await (await openCheckpoint(path)).read("w")).toEqual(tensors.get("w"));
  const { tokenizer, chat } = openText(await readFolderFiles(path), path);
  expect(tokenizer.encode("cat <image>")).toEqual([18, 4]);
  expect(renderPrompt(chat, [{ role: "user", content: "cat" }])).toBe("<s>USER: cat ");
  expect(parseProcessor(requirePreprocessor(complete, path))).toEqual(imageProcessor(64));
});

test("both files of processors name the image processor, for old and new readers", async () => {
  const path = join(folder, "processors");
  await writeModelFolder(path, complete, tensors);
  await rm(join(path, "preprocessor_config.json"));
  expect(await readFolderFiles(path)).toEqual(complete);
  await writeModelFolder(path, complete, tensors, { replace: true });
  await rm(join(path, "processor_config.json"));
  const { processor: _, ...rest } = complete;
  expect(await readFolderFiles(path)).toEqual(rest);
});

test.each(["grouped", "tied"])("files by Python transformers are written byte for byte: %s", async (name) => {
  const source = new URL(`../fixtures/llava/${name}`, import.meta.url).pathname;
  const path = join(folder, name);
  const files = await readFolderFiles(source);
  const checkpoint = await openCheckpoint(source);
  const names = [...checkpoint.tensors.keys()];
  const values = await Promise.all(names.map((tensor) => checkpoint.read(tensor)));
  await writeModelFolder(path, files, new Map(names.map((tensor, i) => [tensor, values[i]])));
  for (const file of ["config.json", "generation_config.json"]) {
    expect(await readFile(join(path, file), "utf8")).toBe(await readFile(join(source, file), "utf8"));
  }
  const weights = (at: string) => readFile(join(at, "model.safetensors"));
  expect((await weights(path)).equals(await weights(source))).toBe(true);
});

test("a chat template is found wherever a folder keeps it", async () => {
  const path = join(folder, "templates");
  await mkdir(path);
  const put = (name: string, json: unknown) => writeFile(join(path, name), formatJson(json));
  const found = async () => (await readFolderFiles(path)).chatTemplate;
  expect(await found()).toBeUndefined();
  await put("tokenizer_config.json", { chat_template: "config" });
  expect(await found()).toBe("config");
  await put("tokenizer_config.json", {
    chat_template: [{ name: "other" }, { name: "default", template: "list" }],
  });
  expect(await found()).toBe("list");
  await put("tokenizer_config.json", { chat_template: [{ name: "rag", template: "rag" }] });
  expect(await found()).toBeUndefined();
  await mkdir(join(path, "additional_chat_templates"));
  await writeFile(join(path, "additional_chat_templates", "default.jinja"), "additional");
  expect(await found()).toBe("additional");
  // As transformers 5.24 was seen to choose for a processor, each with all of the others there.
  await writeFile(join(path, "chat_template.jinja"), "jinja");
  expect(await found()).toBe("jinja");
  await put("chat_template.json", { chat_template: "json" });
  expect(await found()).toBe("json");
  await put("processor_config.json", { chat_template: null });
  expect(await found()).toBe("json");
  await put("processor_config.json", { chat_template: { default: "record", other: "x" } });
  expect(await found()).toBe("record");
  await put("processor_config.json", { chat_template: "processor" });
  expect(await readFolderFiles(path)).toEqual({
    chatTemplate: "processor",
    tokenizerConfig: {},
    processor: {},
  });
});

test("a folder that cannot be written whole does not appear", async () => {
  const path = join(folder, "partial");
  const broken = { also: () => Promise.reject(new Error("disk full")) };
  await expect(writeModelFolder(path, complete, tensors, broken)).rejects.toThrow("disk full");
  await writeModelFolder(path, complete, tensors);
  await expect(writeModelFolder(path, {}, tensors)).rejects.toThrow("already exists and is not empty");
  await expect(writeModelFolder(path, {}, tensors, { ...broken, replace: true })).rejects.toThrow(
    "disk full",
  );
  expect(await readFolderFiles(path)).toEqual(complete);
  expect((await readdir(folder)).filter((name) => name.includes("partial"))).toEqual(["partial"]);
});

test("what is missing or broken is named", async () => {
  const { tokenizer: _, ...noTokenizer } = complete;
  expect(() => openText(noTokenizer, "m")).toThrow("m: expected a file tokenizer.json, found none");
  const { preprocessor: __, ...noProcessor } = complete;
  expect(() => requirePreprocessor(noProcessor, "m")).toThrow(
    "m: expected a file preprocessor_config.json, found none",
  );
  const path = join(folder, "broken");
  await mkdir(path);
  await writeFile(join(path, "config.json"), "{");
  await expect(readFolderFiles(path)).rejects.toThrow(
    `${join(path, "config.json")}: expected a JSON object, found: `,
  );
  await writeFile(join(path, "config.json"), "[]");
  await expect(readFolderFiles(path)).rejects.toThrow(
    "config.json: expected a JSON object, found something else",
  );
  await rm(join(path, "config.json"));
  await mkdir(join(path, "config.json"));
  await expect(readFolderFiles(path)).rejects.toThrow("config.json: expected a readable file, found: ");
});

test("numbers keep their spelling until their value changes", () => {
  const text =
    '{\n  "a": 1.0,\n  "b": [\n    1e-05,\n    2\n  ],\n  "c": 1000000000000000019884624838656\n}\n';
  const json = parseJson(text) as { a: number; b: number[]; c: number };
  expect(formatJson(json)).toBe(text);
  expect(formatJson({ ...json })).toBe(text);
  expect(Object.keys(json)).toEqual(["a", "b", "c"]);
  expect(formatJson({ ...json, a: 2, b: 3 })).toContain('"a": 2,\n  "b": 3,\n');
  expect(formatJson({ x: float(1), y: float(0.5), z: float(-3) })).toContain(
    '"x": 1.0,\n  "y": 0.5,\n  "z": -3.0',
  );
  expect(() => parseJson("{")).toThrow(SyntaxError);
});
