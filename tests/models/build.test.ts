import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import { float32, type HostArray, int32 } from "../../src/engine/host.ts";
import { readFolderFiles } from "../../src/hub/folder.ts";
import { readImage } from "../../src/hub/image/image-file.ts";
import { openCheckpoint } from "../../src/hub/weights/checkpoint.ts";
import { writeSafetensors } from "../../src/hub/weights/safetensors-write.ts";
import { writeModelFolder } from "../../src/hub/write-folder.ts";
import { type BuildOptions, planLlava, writeLlava } from "../../src/models/build/build.ts";
import { unpadded } from "../../src/models/inputs/rows.ts";
import type { LlavaConfig } from "../../src/models/llava/config.ts";
import { llava } from "../../src/models/llava/family.ts";
import type { LlavaParams } from "../../src/models/llava/params.ts";
import { openVlm } from "../../src/vlm/open.ts";
import { promptOf } from "../../src/vlm/prompt.ts";
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

/** The folder of a LLaVA of two halves, new for each call. */
async function built(options: BuildOptions): Promise<string> {
  const out = await mkdtemp(join(folder, "built-"));
  await writeLlava(await planLlava(options), out);
  return out;
}

describe.each(["clip-mistral", "siglip-qwen2"])("a LLaVA built of the parts of %s", (name) => {
  it("has their weights, and gives the whole model's logits with its projector", async () => {
    const parts = await takeApart(name);
    const made = await llava.load(await built({ ...parts, featureLayer: await layerOf(name) }));
    const whole = await llava.load(fixture(name));
    const [own, original] = [made.family.toNamed(made.params), whole.family.toNamed(whole.params)];
    const isProjector = (key: string) => key.startsWith("multi_modal_projector.");
    for (const [key, { data }] of Object.entries(original))
      if (!isProjector(key)) expect(own[key].data, key).toEqual(data);
    const projected = Object.entries(original).filter(([key]) => isProjector(key));
    const joined = { ...own, ...Object.fromEntries(projected) };
    expect(await logitsOf(made.family, made.family.fromNamed(joined))).toEqual(
      await logitsOf(whole.family, whole.params),
    );
  });
});

const models = new URL("../fixtures/models/", import.meta.url).pathname;
const reference: { vision: string; language: string; ids: number[]; logits: number[] }[] = JSON.parse(
  readFileSync(join(models, "built.json"), "utf8"),
);

describe("a LLaVA of halves of any family", () => {
  it.each(reference)(
    "$vision sees for $language: ids and logits are Python's",
    async ({ vision, language, ids, logits }) => {
      const model = await openVlm(
        await built({ vision: join(models, vision), language: join(models, language) }),
      );
      const image = await readImage(join(fixture("clip-mistral"), "row-0-image-0.png"));
      const { prefix, question, image: processed, layout: placed } = promptOf(model, image, "a");
      const row = [...prefix, ...question];
      expect(row).toEqual(ids);
      const plain = {
        pixelValues: processed.pixelValues,
        inputIds: int32([1, row.length], row),
        positionIds: int32([1, row.length], [...row.keys()]),
        segmentIds: int32([1, row.length]),
      };
      const { inputs, layout } = unpadded(model, plain, placed);
      const fn = (params: never, batch: never) => model.family.forward(params, batch, { layout });
      const program = await compile<{ logits: HostArray }>(fn as never, [model.params, inputs] as never);
      const { data } = (await program.run(model.params as never, inputs)).logits;
      await program.dispose();
      for (const [i, logit] of logits.entries())
        expect(data[data.length - logits.length + i]).toBeCloseTo(logit, 3);
    },
  );

  it.each(["qwen2_5_vl/windows", "qwen3_vl/deepstack"])(
    "has no tower of %s, and says why",
    async (vision) => {
      const options = { vision: join(models, vision), language: fixture("clip-mistral") };
      await expect(planLlava(options)).rejects.toThrow(/has no vision tower for a LLaVA: it merges patches/);
    },
  );

  it("takes an adapter's half with its changes", async () => {
    const adapter = await adapterOf(fixture("clip-mistral"));
    const plain = await openCheckpoint(
      await built({ vision: fixture("clip-mistral"), language: fixture("siglip-qwen2") }),
    );
    const changed = await openCheckpoint(await built({ vision: adapter, language: fixture("siglip-qwen2") }));
    const name = "vision_tower.encoder.layers.0.self_attn.q_proj.weight";
    const [before, after] = [await plain.read(name), await changed.read(name)];
    for (const [i, value] of after.data.entries()) expect(value).toBeCloseTo(before.data[i] + 6, 5);
    const other = "vision_tower.encoder.layers.0.self_attn.k_proj.weight";
    expect(await changed.read(other)).toEqual(await plain.read(other));
  });
});

/** A PEFT folder that adds 6 = 2 (alpha / r) x 1 x 3 to every number of one matrix. */
async function adapterOf(base: string): Promise<string> {
  const made = await mkdtemp(join(folder, "adapter-"));
  const { tensors } = await openCheckpoint(base);
  const entry = [...tensors.values()].find(({ name }) =>
    name.endsWith("encoder.layers.0.self_attn.q_proj.weight"),
  )!;
  const [output, input] = entry.shape;
  const module = "base_model.model.model.vision_tower.encoder.layers.0.self_attn.q_proj";
  const config = {
    peft_type: "LORA",
    base_model_name_or_path: base,
    r: 1,
    lora_alpha: 2,
    target_modules: ["q_proj"],
  };
  await writeFile(join(made, "adapter_config.json"), JSON.stringify(config));
  await writeSafetensors(
    join(made, "adapter_model.safetensors"),
    new Map<string, HostArray>([
      [`${module}.lora_A.weight`, float32([1, input], new Float32Array(input).fill(1))],
      [`${module}.lora_B.weight`, float32([output, 1], new Float32Array(output).fill(3))],
    ]),
  );
  return made;
}

describe("element types", () => {
  const typesOf = async (made: string) => {
    const { tensors } = await openCheckpoint(made);
    const of = (prefix: string) => [
      ...new Set(
        [...tensors.values()].filter(({ name }) => name.startsWith(prefix)).map(({ dtype }) => dtype),
      ),
    ];
    return { vision: of("vision_tower."), projector: of("multi_modal"), language: of("language_model.") };
  };
  const stored = async (name: string, dtype: "F16" | "BF16") => {
    const out = await mkdtemp(join(folder, "stored-"));
    await writeLlava(await planLlava({ vision: fixture(name), language: fixture(name), dtype }), out);
    return out;
  };

  it("are those of the halves, and the config says the language half's", async () => {
    const [vision, language] = [await stored("siglip-qwen2", "BF16"), await stored("clip-mistral", "F16")];
    const made = await built({ vision, language });
    expect(await typesOf(made)).toEqual({ vision: ["BF16"], projector: ["F16"], language: ["F16"] });
    expect(JSON.parse(await readFile(join(made, "config.json"), "utf8")).dtype).toBe("float16");
  });

  it("are one where told, rounded from the halves' values", async () => {
    const vision = await stored("siglip-qwen2", "BF16");
    const made = await built({ vision, language: fixture("clip-mistral"), dtype: "F32" });
    expect(await typesOf(made)).toEqual({ vision: ["F32"], projector: ["F32"], language: ["F32"] });
    const name = "vision_tower.embeddings.position_embedding.weight";
    const [widened, own] = [await openCheckpoint(made), await openCheckpoint(vision)];
    expect((await widened.read(name)).data).toEqual((await own.read(name)).data);
  });
});

it("carries the licences of both halves along", async () => {
  const { vision, language } = await takeApart("siglip-qwen2");
  for (const half of [vision, language]) {
    await writeFile(join(half, "README.md"), "---\nlicense: apache-2.0\n---\n# a half\n");
    await writeFile(join(half, "LICENSE"), half);
  }
  const made = await built({ vision, language });
  expect(await readFile(join(made, "README.md"), "utf8")).toMatch(
    /^---\n[\s\S]*license: apache-2\.0\n[\s\S]*---/,
  );
  expect(await readFile(join(made, "vision-LICENSE"), "utf8")).toBe(vision);
  expect(await readFile(join(made, "language-LICENSE"), "utf8")).toBe(language);
  await writeFile(join(language, "README.md"), "---\nlicense: other\n---\n");
  const mixed = await readFile(join(await built({ vision, language }), "README.md"), "utf8");
  expect(mixed).not.toMatch(/^license:/m);
  expect(mixed).toMatch(/\| vision \| vision \| apache-2\.0 \|\n\| language \| language \| other \|/);
});

const layerOf = async (name: string) =>
  JSON.parse(await readFile(join(fixture(name), "config.json"), "utf8")).vision_feature_layer as number;

type Loaded = Awaited<ReturnType<typeof llava.load>>;

async function logitsOf(family: Loaded["family"], params: Loaded["params"]): Promise<HostArray> {
  const { config } = family;
  const side = config.visionConfig.imageSize;
  const { tokens } = sizeOf(config);
  const layout = { images: [{ spans: [{ start: 1, length: tokens }], pixels: 1 }] };
  const ids = [1, ...Array<number>(tokens).fill(config.imageTokenId), 5, 6];
  const S = ids.length;
  const pixels = Float32Array.from({ length: 3 * side * side }, (_, i) => Math.sin(i));
  const inputs = {
    pixelValues: { dtype: "float32", shape: [1, 3, side, side], data: pixels } as HostArray,
    inputIds: int32([1, S], ids),
    positionIds: int32([1, S], [...ids.keys()]),
    segmentIds: int32([1, S]),
  };
  const fn = (tree: LlavaParams, batch: never) => family.forward(tree, batch, { layout });
  const program = await compile<{ logits: HostArray }>(fn as never, [params, inputs]);
  const { logits } = await program.run(params, inputs);
  await program.dispose();
  return logits;
}

function sizeOf({ visionConfig, visionFeatureSelectStrategy: select }: LlavaConfig) {
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
    const again = fovea("build", "--vision", vision, "--language", language, "--out", out);
    await expect(again).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining("already exists and is not empty"),
    });
    const model = await openVlm(out);
    const { prefix, layout } = promptOf(model, testPicture(), "a");
    const { tokens } = sizeOf(model.family.config as LlavaConfig);
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
