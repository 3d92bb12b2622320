import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A tiny random checkpoint of every family, which stands for the real one. */
export const walkBases: readonly string[] = [
  "llava/siglip-qwen2",
  "qwen2_5_vl/windows",
  "qwen3_vl/deepstack",
  "smolvlm/tiles",
  "idefics3/tiles",
  "paligemma/gemma",
];

export function baseFolder(name: string): string {
  return fileURLToPath(new URL(`../fixtures/models/${name}`, import.meta.url));
}

/** Files that a fixture holds for its own tests; a model's folder has none of them. */
const testFiles = /^(?:expected\.|row-)/;

/** Copies a checkpoint to where a user would have it, with the file on videos that published folders of Qwen have. */
export async function copyBase(from: string, to: string): Promise<void> {
  await cp(from, to, {
    recursive: true,
    filter: (path) => !testFiles.test(path.split("/").at(-1) as string),
  });
  const { model_type: type } = JSON.parse(await readFile(join(to, "config.json"), "utf8"));
  const processor = videoProcessors[type];
  if (processor === undefined) return;
  await writeFile(
    join(to, "video_preprocessor_config.json"),
    JSON.stringify({ video_processor_type: processor }),
  );
}

const videoProcessors: Readonly<Record<string, string>> = {
  qwen2_5_vl: "Qwen2VLVideoProcessor",
  qwen3_vl: "Qwen3VLVideoProcessor",
  smolvlm: "SmolVLMVideoProcessor",
};
