import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import { type HostArray, int32 } from "../../src/engine/host.ts";
import { openCheckpoint } from "../../src/hub/checkpoint.ts";
import { readFolderFiles, writeModelFolder } from "../../src/hub/folder.ts";
import { buildLlava } from "../../src/models/llava/build.ts";
import { llava } from "../../src/models/llava/family.ts";
import type { LlavaParams } from "../../src/models/llava/params.ts";
import { openVlm, promptOf } from "../../src/vlm/open.ts";
import { testPicture } from "../lens/tiny-model.ts";

const run = promisify(execFile);
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-build-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const fixture = (name: string) => new URL(`../fixtures/models/llava/${name}/`, import.meta.url).pathname;

/** A fixture's tower and language model as folders of their own, as they are published. */
async function takeApart(name: string): Promise<{ vision: string; language: string }> {
  const files = await readFolderFiles(fixture(name));
  const config = files.config as Record<string, Record<string, unknown>>;
  const source = await openCheckpoint(fixture(name));
  const named = async (prefix: string, published: string) => {
    const names = [...source.tensors.keys()].filter((key) => key.startsWith(prefix));
    const entries = names.map(async (key) => [published + key.slice(prefix.length), await source.read(key)]);
    return new Map((await Promise.all(entries)) as [string, HostArray][]);
  };
  const [vision, language] = [join(folder, name, "vision"), join(folder, name, "language")];
  const { preprocessor, tokenizer, tokenizerConfig } = files;
  await writeModelFolder(
    vision,
    { config: config.vision_config, preprocessor },
    await named("vision_tower.", "vision_model."),
    { replace: true },
  );
  const tied = (config.text_config as { tie_word_embeddings?: boolean }).tie_word_embeddings === true;
  const decoder = await named("language_model.", "");
  if (tied) decoder.delete("lm_head.weight");
  await writeModelFolder(language, { config: config.text_config, tokenizer, tokenizerConfig }, decoder, {
    replace: true,
  });
  return { vision, language };
}

describe.each(["clip-mistral", "siglip-qwen2"])("a LLaVA built of the parts of %s", (name) => {
  it("has their weights, and gives the whole model's logits with its projector", async () => {
    const parts = await takeApart(name);
    const built = await buildLlava({ ...parts, featureLayer: await layerOf(name) });
    const whole = await llava.load(fixture(name));
    const [own, original] = [llava.toNamed(built.params), llava.toNamed(whole.params)];
    const isProjector = (key: string) => key.startsWith("multi_modal_projector.");
    for (const [key, { data }] of Object.entries(original))
      if (!isProjector(key)) expect(own[key].data, key).toEqual(data);
    const projected = Object.entries(original).filter(([key]) => isProjector(key));
    const joined = { ...own, ...Object.fromEntries(projected) };
    expect(await logitsOf(built.config, llava.fromNamed(built.config, joined))).toEqual(
      await logitsOf(whole.config, whole.params),
    );
  });
});

const layerOf = async (name: string) =>
  JSON.parse(await readFile(join(fixture(name), "config.json"), "utf8")).vision_feature_layer as number;

type Loaded = Awaited<ReturnType<typeof llava.load>>;

async function logitsOf(config: Loaded["config"], params: Loaded["params"]): Promise<HostArray> {
  const side = config.visionConfig.imageSize;
  const { shape, tokens } = sizeOf(config);
  const layout = { images: [{ spans: [{ start: 1, length: tokens }], shape }] };
  const ids = [1, ...Array<number>(tokens).fill(config.imageTokenId), 5, 6];
  const S = ids.length;
  const pixels = Float32Array.from({ length: 3 * side * side }, (_, i) => Math.sin(i));
  const inputs = {
    pixelValues: { dtype: "float32", shape: [1, 3, side, side], data: pixels } as HostArray,
    inputIds: int32([1, S], ids),
    positionIds: int32([1, S], [...ids.keys()]),
    segmentIds: int32([1, S]),
  };
  const fn = (tree: LlavaParams, batch: never) => llava.forward(config, tree, batch, { layout });
  const program = await compile<{ logits: HostArray }>(fn as never, [params, inputs]);
  const { logits } = await program.run(params, inputs);
  await program.dispose();
  return logits;
}

function sizeOf({ visionConfig, visionFeatureSelectStrategy: select }: Loaded["config"]) {
  const side = Math.floor(visionConfig.imageSize / visionConfig.patchSize);
  const hasClass = visionConfig.modelType === "clip_vision_model" && select === "full";
  return { shape: { rows: side, columns: side }, tokens: side * side + (hasClass ? 1 : 0) };
}

describe("fovea build", () => {
  it("writes a folder that opens, with a token for images that the tokenizer did not have", async () => {
    const { vision, language } = await takeApart("clip-mistral");
    const path = join(language, "tokenizer.json");
    const tokenizer = JSON.parse(await readFile(path, "utf8"));
    const without = tokenizer.added_tokens.filter(
      ({ content }: { content: string }) => content !== "<image>",
    );
    await writeFile(path, JSON.stringify({ ...tokenizer, added_tokens: without }));
    const out = join(folder, "built");
    const { stdout } = await fovea("build", "--vision", vision, "--language", language, "--out", out);
    expect(stdout).toContain(`${out}: `);
    const model = await openVlm(out);
    const { prefix, layout } = promptOf(model, testPicture(), "a");
    const { tokens } = sizeOf(model.config as Loaded["config"]);
    expect(layout.images[0].spans).toEqual([{ start: expect.any(Number), length: tokens }]);
    expect(prefix.filter((id) => id === model.facts.imageTokenId)).toHaveLength(tokens);
    expect(model.facts.imageTokenId).toBeLessThan(model.facts.vocabSize);
  });

  it("says in one line what does not fit", async () => {
    const { language } = await takeApart("siglip-qwen2");
    const wrong = fovea("build", "--vision", language, "--language", language, "--out", join(folder, "no"));
    await expect(wrong).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/config\.json: model_type must be one of clip, .*, got "qwen2"/),
    });
  });
});

function fovea(...args: string[]) {
  return run(process.execPath, [new URL("../../src/cli/main.ts", import.meta.url).pathname, ...args]);
}
