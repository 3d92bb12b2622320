import { join } from "node:path";
import { readHeldOut } from "../../src/data/held-out.ts";
import { openText, readFolderFiles } from "../../src/hub/folder.ts";
import { readImage } from "../../src/hub/image/image-file.ts";
import { promptParts } from "../../src/hub/text/chat.ts";
import type { Json } from "../../src/hub/text/tokenizer.ts";
import { openSafetensors } from "../../src/hub/weights/safetensors.ts";
import { readLearnt } from "../../src/lens/learnt.ts";
import { mergeAdapter } from "../../src/models/adapter/merge.ts";
import { planLlava, writeLlava } from "../../src/models/build/build.ts";
import { openGgufHalf } from "../../src/models/build/gguf/half.ts";
import { familyOf } from "../../src/models/registry.ts";
import { writeMergedCard } from "../../src/train/report/merged-card.ts";
import { greedyAnswer } from "../../src/vlm/answer.ts";
import { openVlm, type Vlm } from "../../src/vlm/open.ts";
import { promptOf } from "../../src/vlm/prompt.ts";
import type { Files, Reader, Seed } from "../reader.ts";
import { below, fixture, fixtureFolder, json, text } from "./files.ts";
import { inShards } from "./shards.ts";

/** A tiny model of every family. */
const folders = {
  idefics3: "models/idefics3/tiles",
  llava: "models/llava/siglip-qwen2",
  paligemma: "models/paligemma/gemma2",
  qwen2_5_vl: "models/qwen2_5_vl/windows",
  qwen3_vl: "models/qwen3_vl/two-images",
  smolvlm: "models/smolvlm/tiles",
};
type Family = keyof typeof folders;

const places = { scale: "hundredths", order: "xy", form: "list" };
const record = json({ version: 1, prompt: "bare", family: "generic", places });
const card =
  "---\nlicense: other\nlicense_name: x\nlicense_link: LICENSE\nbase_model: a/b\ntags: [x, y]\n---\n\n# A model\n";

/** A tiny model with a card and a record of how it is asked. */
export function modelFiles(family: Family): Files {
  const files = fixtureFolder(folders[family], /^(?:expected|row-)/);
  return { ...files, "fovea.json": record, "README.md": text(card) };
}

const picture = { "picture.png": fixture("pictures/rgb.png") };
const kept = Object.keys(picture);

/** Opens a model and makes a prompt of a picture, as every command does before it runs anything. */
async function prompted(folder: string, at: string): Promise<{ model: Vlm; ids: number }> {
  const model = await openVlm(folder);
  const seen = model.reader.preprocess(await readImage(at));
  const parts = promptParts(model.chat, { question: "what ?", answer: "cat", images: [seen.ids] });
  return { model, ids: parts.prefix.length };
}

function modelReader(family: Family): Reader {
  return {
    share: 0.5,
    seeds: async () => [{ files: { ...modelFiles(family), ...picture }, kept }],
    read: ({ folder }) => prompted(folder, join(folder, "picture.png")),
  };
}

/** Config, tokenizer, template and processor alone: many more of them fit into the same time. */
function settingsReader(family: Family): Reader {
  return {
    seeds: async () => {
      const { "model.safetensors": _, ...files } = modelFiles(family);
      return [{ files }];
    },
    async read({ folder }) {
      const files = await readFolderFiles(folder);
      const known = familyOf(files.config, folder).read(files.config, folder);
      const { imageTokenId } = known.facts;
      const { chat, tokenizer } = openText(files, folder, { imageTokenId, chatTemplate: known.chatTemplate });
      const reader = known.openReader(files, tokenizer, folder);
      reader.measure({ width: 40, height: 30 });
      promptParts(chat, { question: "what ?", answer: "cat" });
    },
  };
}

const families = Object.keys(folders) as Family[];
const each = <T>(name: (family: Family) => string, make: (family: Family) => T): Record<string, T> =>
  Object.fromEntries(families.map((family) => [name(family), make(family)]));

const adapters = {
  llava: "models/llava/siglip-qwen2",
  smolvlm: "models/smolvlm/tiles",
  qwen3_vl: "models/qwen3_vl/deepstack",
};

/** An adapter beside its base, which it names as the fixture of the tests does. */
function adapterSeed(family: string, base: string): Seed {
  const own = fixtureFolder(`lora/${family}`, /^expected/);
  const named = JSON.parse(Buffer.from(own["adapter_config.json"]).toString()) as Json;
  const settings = json({ ...named, base_model_name_or_path: "../base" });
  const model = below("base", fixtureFolder(base, /^(?:expected|row-)/));
  const adapter = below("adapter", {
    ...own,
    "adapter_config.json": settings,
    "README.md": text(card),
    "fovea.json": record,
  });
  return { files: { ...adapter, ...model, ...picture }, kept: [...kept, ...Object.keys(model)] };
}

const adapterSeeds = async () => Object.entries(adapters).map(([family, base]) => adapterSeed(family, base));

export const modelReaders: Record<string, Reader> = {
  safetensors: {
    seeds: async () => [
      { files: { "model.safetensors": fixture("hub/typed.safetensors") } },
      { files: { "model.safetensors": fixture("lora/llava/adapter_model.safetensors") } },
    ],
    async read({ folder }) {
      const file = await openSafetensors(join(folder, "model.safetensors"));
      for (const name of file.tensors.keys()) await file.read(name);
    },
  },
  gguf: {
    seeds: async () =>
      ["llama", "qwen2", "qwen3"].map((name) => ({ files: { "model.gguf": fixture(`gguf/${name}.gguf`) } })),
    async read({ folder }) {
      const { files, checkpoint } = await openGgufHalf(join(folder, "model.gguf"));
      for (const name of checkpoint.tensors.keys()) await checkpoint.read(name);
      openText(files, folder).tokenizer.encode("Hello, 12 worlds!");
    },
  },
  "gguf-build": {
    share: 0.2,
    seeds: async () => {
      const vision = below("vision", modelFiles("llava"));
      const language = { "language.gguf": fixture("gguf/llama.gguf") };
      return [{ files: { ...vision, ...language }, kept: Object.keys(vision) }];
    },
    async read({ folder, out }) {
      const language = join(folder, "language.gguf");
      await writeLlava(await planLlava({ vision: join(folder, "vision"), language }), join(out, "built"));
    },
  },
  ...each((family) => `settings-${family}`, settingsReader),
  ...each((family) => `model-${family}`, modelReader),
  "model-shards": {
    share: 0.5,
    seeds: async () => {
      const files = inShards(modelFiles("llava"));
      return [{ files: { ...files, ...picture }, kept }];
    },
    read: ({ folder }) => prompted(folder, join(folder, "picture.png")),
  },
  "model-answer": {
    share: 0.02,
    seeds: async () =>
      (["llava", "smolvlm"] as const).map((family) => ({
        files: { ...modelFiles(family), ...picture },
        kept,
      })),
    async read({ folder }) {
      const model = await openVlm(folder);
      const image = await readImage(join(folder, "picture.png"));
      await greedyAnswer(model, promptOf(model, image, "what ?"), 2);
    },
  },
  adapter: {
    share: 0.5,
    seeds: adapterSeeds,
    read: ({ folder }) => prompted(join(folder, "adapter"), join(folder, "picture.png")),
  },
  merge: {
    share: 0.2,
    seeds: adapterSeeds,
    async read({ folder, out }) {
      const [adapter, to] = [join(folder, "adapter"), join(out, "merged")];
      const merged = await mergeAdapter(adapter, to, {});
      if (merged !== undefined)
        await writeMergedCard(to, { base: merged.base, adapter, out: to, command: "fovea merge" });
    },
  },
  build: {
    share: 0.2,
    seeds: async () => [
      { files: { ...below("vision", modelFiles("llava")), ...below("language", modelFiles("smolvlm")) } },
    ],
    async read({ folder, out }) {
      const plan = await planLlava({ vision: join(folder, "vision"), language: join(folder, "language") });
      await writeLlava(plan, join(out, "built"));
    },
  },
  "model-records": {
    seeds: async () => [
      {
        files: {
          "lens.json": json({
            layer: 3,
            tokens: "mean",
            norm: true,
            patches: 0.4,
            pixels: 0.5,
            from: { data: "x", images: 3, present: 4, absent: 5, iou: 0.5, empty: null },
          }),
          "held-out.json": json({ version: 1, data: "ab", heldOut: ["a", "b"], prints: { a: "00" } }),
        },
      },
    ],
    async read({ folder }) {
      await readLearnt(folder, { layer: 3, tokens: "mean", norm: true });
      await readHeldOut(folder);
    },
  },
};
