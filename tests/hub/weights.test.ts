import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { random } from "../../src/common/random.ts";
import { cached } from "../../src/engine/cached.ts";
import type { ConstantArray, HostArray } from "../../src/engine/host.ts";
import { openCheckpoint } from "../../src/hub/weights/checkpoint.ts";
import { type QuantisedFormat, quantise, quantisedFormats } from "../../src/hub/weights/quantise.ts";
import { openSafetensors } from "../../src/hub/weights/safetensors.ts";
import { openWeights, type WeightForm } from "../../src/hub/weights/weights.ts";
import type { VlmParams } from "../../src/models/contract/parts.ts";
import type { ModelInputs } from "../../src/models/inputs/inputs.ts";
import { distance } from "../models/fixture.ts";
import { loadParity, type Parity, parityNames } from "../models/parity.ts";
import { asDType, writeShards } from "./shards.ts";

let scratch: string;
const before = process.env.FOVEA_CACHE;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "fovea-test-"));
  process.env.FOVEA_CACHE = join(scratch, "cache");
});
afterAll(async () => {
  if (before === undefined) delete process.env.FOVEA_CACHE;
  else process.env.FOVEA_CACHE = before;
  await rm(scratch, { recursive: true });
});

const formats: [string, QuantisedFormat][] = Object.entries(quantisedFormats);

describe("quantise", () => {
  it.each(formats)("%s: no weight is further than half a step from its code", (_, format) => {
    const { bits, blockSize } = format;
    const [O, I] = [7, 3 * blockSize + 5];
    const source = random("quantise");
    const values = Float32Array.from({ length: O * I }, () => source.normal());
    values.fill(0, 0, blockSize);
    const { codes, scales } = quantise(values, [O, I], format);
    const J = 4;
    const code = (at: number) => (bits === 8 ? codes[at] : (codes[at >> 1] >> (4 * (at & 1))) & 15);
    for (let o = 0; o < O; o++)
      for (let column = 0; column < J * blockSize; column++) {
        const block = o * J + Math.floor(column / blockSize);
        const whole = code(o * J * blockSize + column) - 2 ** (bits - 1);
        const error = whole * scales[block] - (column < I ? values[o * I + column] : 0);
        expect(Math.abs(error)).toBeLessThanOrEqual((Math.abs(scales[block]) / 2) * (1 + 1e-5));
      }
    expect(scales[0]).toBe(0);
  });
});

/** What a model computes of its fixture's inputs. */
async function logitsOf({ family, inputs, layout }: Parity, params: unknown): Promise<HostArray> {
  const program = cached<HostArray>((p: VlmParams, x: ModelInputs) => {
    const { logits } = family.forward(p, x, { layout });
    return logits;
  });
  const logits = await program.run(params, inputs);
  await program.dispose();
  return logits;
}

async function openAs({ family }: Parity, folder: string, form: WeightForm): Promise<unknown> {
  return family.open(folder, form);
}

it("a machine may have a cache of its own for weights in few bits", async () => {
  const parity = await loadParity(parityNames[0]);
  const folder = await copyAs(parity, "own-cache", "F32");
  const cacheFolder = join(scratch, "own");
  await parity.family.open(folder, "int8", { cacheFolder });
  expect((await readdir(join(cacheFolder, "quantised"))).length).toBe(1);
});

/** A copy of the fixture in two shards of one element type. */
async function copyAs(parity: Parity, name: string, dtype: "F32" | "F16" | "BF16"): Promise<string> {
  const folder = join(scratch, name.replaceAll("/", "-"), dtype);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "config.json"), await readFile(`${parity.folder}config.json`));
  const source = await openSafetensors(`${parity.folder}model.safetensors`);
  await writeShards(folder, source, dtype);
  return folder;
}

/** One fixture of each family. */
const families = parityNames.filter(
  (name, i) => i === parityNames.findIndex((other) => other.split("/")[0] === name.split("/")[0]),
);

describe.each(families)("%s", (name) => {
  let parity: Parity;
  beforeAll(async () => {
    parity = await loadParity(name);
  });

  it.each(["F32", "F16", "BF16"] as const)(
    "%s shards: mapped weights give what read ones give",
    async (dtype) => {
      const folder = await copyAs(parity, name, dtype);
      const want = await logitsOf(parity, await openAs(parity, folder, "memory"));
      const got = await logitsOf(parity, await openAs(parity, folder, "mapped"));
      expect(distance(got.data, want.data)).toBeLessThan(1e-6);
    },
  );
});

describe("weights in few bits", () => {
  const name = families[0];
  let parity: Parity;
  let want: HostArray;
  beforeAll(async () => {
    parity = await loadParity(name);
    want = await logitsOf(parity, parity.params);
  });

  /**
   * Independent weights rounded in steps s have noise of variance s² / 12, so that each product's relative error is
   * r = rms(s) / (√12 rms(w)). Norms keep the scale: n products one after the other give r √n. Twice as much,
   * because attention and gated units multiply two rounded factors. Of 8 bits the other operand is rounded as well,
   * in as many steps: √2 of it.
   */
  it.each(["int8", "int4"] as const)("%s: logits differ by what rounding explains", async (form) => {
    const params = await openAs(parity, parity.folder, form);
    const got = await logitsOf(parity, params);
    const error = rms(got.data, (x, i) => x - want.data[i]) / rms(want.data, (x) => x);
    const source = await openCheckpoint(parity.folder);
    let [steps, weights, count] = [0, 0, 0];
    for (const { name: tensor, shape } of source.tensors.values()) {
      if (shape.length !== 2 || /embed|lm_head/.test(tensor)) continue;
      const { data } = await source.read(tensor);
      const { scales } = quantise(data as Float32Array, shape, quantisedFormats[form]);
      steps += rms(scales, (x) => x) ** 2;
      weights += rms(data, (x) => x) ** 2;
      count++;
    }
    const perProduct = Math.sqrt(steps / 12 / weights) * (form === "int8" ? Math.SQRT2 : 1);
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThan(2 * perProduct * Math.sqrt(count));
  });

  it("are rounded once, and again when the checkpoint has changed", async () => {
    const folder = await copyAs(parity, name, "F32");
    const files = () => readdir(join(scratch, "cache", "quantised"));
    await openAs(parity, folder, "int4");
    const once = await files();
    await openAs(parity, folder, "int4");
    expect(await files()).toEqual(once);
    await openAs(parity, folder, "int8");
    expect(await files()).toHaveLength(once.length + 1);
    const [shard] = (await readdir(folder)).filter((file) => file.endsWith(".safetensors"));
    await utimes(join(folder, shard), 1, 1);
    await openAs(parity, folder, "int4");
    expect(await files()).toHaveLength(once.length + 3); // Those in 4 bits, and the head.
  });

  it.each(["llava/clip-mistral", "paligemma/gemma"])(
    "of %s: the head in 8 bits, its table as it is",
    async (own) => {
      const model = await loadParity(own);
      const { lmHead, languageModel } = (await openAs(
        model,
        model.folder,
        "int4",
      )) as VlmParams<ConstantArray>;
      expect(lmHead?.weight).toMatchObject({ bits: 8, shape: languageModel.embedTokens.weight.shape });
      expect(languageModel.embedTokens.weight).not.toHaveProperty("bits");
    },
  );

  it("must be finite", async () => {
    const file = join(scratch, "bad.safetensors");
    await writeFile(file, asDType(new Map([["w", [2, 32, [Number.NaN]]]]), "F32"));
    const wanted = new Map([["w", [2, 32]]]);
    const opened = openWeights(await openSafetensors(file), wanted, { as: "int4", isLinear: () => true });
    await expect(opened).rejects.toThrow("bad.safetensors: tensor w: expected finite values");
  });
});

function rms(values: ArrayLike<number>, f: (x: number, i: number) => number): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += f(values[i], i) ** 2;
  return Math.sqrt(sum / values.length);
}
