/**
 * FOVEA_PYTHON=PYTHON node tests/cards/run.ts [--only PATTERN]: trains a tiny checkpoint of every family on own
 * pictures, as adapter and whole, merges the adapter, runs the program of every model's card in Python, and compares its
 * answers with Fovea's. PYTHON has the packages of tests/fixtures/versions.json, with peft.
 */
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs, promisify } from "node:util";
import sharp from "sharp";
import { random } from "../../src/common/random.ts";
import { openLocal } from "../../src/harness/providers/local.ts";
import { pictureSize } from "../../src/hub/image/image-file.ts";

const root = resolve(import.meta.dirname, "../..");
const python = process.env.FOVEA_PYTHON;
if (python === undefined) throw new Error("FOVEA_PYTHON must name a Python with transformers and peft");
const { values } = parseArgs({ options: { only: { type: "string", default: "" } } });
const run = promisify(execFile);

/** Tiny random checkpoints, one or two of each family. */
const bases = [
  "idefics3/tiles",
  "llava/clip-mistral",
  "llava/siglip-qwen2",
  "paligemma/gemma",
  "paligemma/gemma2",
  "qwen2_5_vl/windows",
  "qwen3_vl/deepstack",
  "smolvlm/global",
  "smolvlm/tiles",
];

const questions = ["where is the cat ?", "what is this ?"];
/** As many as both sides may say. */
const maxNewTokens = 12;

const folder = await mkdtemp(join(tmpdir(), "fovea-walk-"));
try {
  const pictures = await makeData(join(folder, "my-data"));
  let wrong = 0;
  for (const base of bases.filter((name) => new RegExp(values.only).test(name)))
    for (const model of await makeModels(base)) {
      const [ours, theirs] = [await askFovea(model, pictures), await askPython(model, pictures)];
      const differing = ours.filter((text, i) => text !== theirs[i]).length;
      wrong += differing;
      const distinct = new Set(ours).size;
      console.log(
        `${model}: ${ours.length - differing} of ${ours.length} answers equal, ${distinct} different ones`,
      );
      for (const [i, text] of ours.entries())
        if (text !== theirs[i]) console.log(`  ${JSON.stringify(text)} / ${JSON.stringify(theirs[i])}`);
    }
  process.exitCode = wrong === 0 ? 0 : 1;
} finally {
  await rm(folder, { recursive: true });
}

/** Trains and merges as the README does; the folders of the models, below the working folder. */
async function makeModels(base: string): Promise<string[]> {
  const name = base.replace("/", "-");
  await cp(join(root, "tests/fixtures/models", base), join(folder, name), { recursive: true });
  const train = [
    "train",
    "--model",
    name,
    "--data",
    "my-data",
    "--steps",
    "3",
    "--set",
    "train.learningRate=0.02",
  ];
  const small = ["--set", "train.accumulate=1", "--set", "train.prefetch=0", "--set", "train.threads=1"];
  await fovea(...train, ...small, "--preset", "lora", "--out", `${name}-run`);
  await fovea("merge", `${name}-run/model`, "--out", `${name}-merged`);
  await fovea(...train, ...small, "--preset", "finetune", "--out", `${name}-whole`);
  return [`${name}-run/model`, `${name}-merged`, `${name}-whole/model`];
}

async function fovea(...args: string[]): Promise<void> {
  await run(process.execPath, [join(root, "src/cli/main.ts"), ...args], { cwd: folder });
}

/** As `fovea eval` asks. */
async function askFovea(path: string, pictures: readonly string[]): Promise<string[]> {
  process.chdir(folder);
  const model = await openLocal(path);
  const asked = pictures.flatMap((picture) => questions.map((prompt) => ({ picture, prompt })));
  const answers = asked.map(async ({ picture, prompt }) => {
    const bytes = new Uint8Array(await readFile(picture));
    const image = { bytes, mediaType: "image/jpeg" as const, ...(await pictureSize(picture)) };
    const { text } = await model.ask(
      { image, prompt, maxOutputTokens: maxNewTokens },
      new AbortController().signal,
    );
    return text;
  });
  try {
    return await Promise.all(answers);
  } finally {
    await model.close();
  }
}

async function askPython(model: string, pictures: readonly string[]): Promise<string[]> {
  const asked = JSON.stringify({ card: `${model}/README.md`, pictures, questions, maxNewTokens });
  const { stdout } = await run(python as string, [join(import.meta.dirname, "ask.py"), asked], {
    cwd: folder,
    maxBuffer: 1 << 26,
    env: { ...process.env, HF_HUB_OFFLINE: "1", TRANSFORMERS_VERBOSITY: "error" },
  });
  return JSON.parse(stdout.trim().split("\n").at(-1) as string);
}

/** Noise in three aspects, JPEGs as cameras turn them, with two boxes, two questions and three concepts each. */
async function makeData(out: string): Promise<string[]> {
  await mkdir(out);
  const sizes = [
    [64, 48],
    [40, 64],
    [56, 56],
  ];
  const rows: object[] = [];
  for (let i = 0; i < 12; i++) {
    const [width, height] = sizes[i % sizes.length];
    const source = random("picture", i);
    const data = Uint8Array.from({ length: width * height * 3 }, () => Math.floor(256 * source.uniform()));
    const picture = sharp(data, { raw: { width, height, channels: 3 } }).blur(2);
    const turned = i % 4 === 1 ? picture.rotate(270).withMetadata({ orientation: 6 }) : picture;
    const name = `${i}.jpg`;
    await turned.jpeg().toFile(join(out, name));
    const cat = [{ kind: "box", box: [2, 2, width / 2, height / 2] }];
    const dog = [{ kind: "box", box: [width / 2, height / 2, width - 2, height - 2] }];
    rows.push({
      file_name: name,
      questions: [
        { question: questions[0], answer: "left", regions: cat },
        { question: questions[1], answer: "a dog", regions: dog },
      ],
      concepts: [
        { word: "cat", regions: cat },
        { word: "dog", regions: dog },
        { word: "bird", regions: [] },
      ],
    });
  }
  await writeFile(join(out, "metadata.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return rows.map((_, i) => `my-data/${i}.jpg`).slice(0, 6);
}
