import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { type NdArray, np, valueAndGrad } from "../../src/engine/array.ts";
import { compile } from "../../src/engine/compile.ts";
import type { HostArray } from "../../src/engine/host.ts";
import {
  type AdapterConfig,
  adapterTensorName,
  readAdapterConfig,
  readAdapterTensors,
  scaleOf,
} from "../../src/hub/weights/peft.ts";
import { baseOf, writeAdapterFolder } from "../../src/hub/weights/peft-folder.ts";
import { type Checkpoint, openSafetensors } from "../../src/hub/weights/safetensors.ts";
import { adapted, loadAdapter, modelParts } from "../../src/models/adapter/adapter.ts";
import { withAdapters } from "../../src/models/adapter/attach.ts";
import { mergeAdapter } from "../../src/models/adapter/merge.ts";
import { adaptableModules, matching, targetModules } from "../../src/models/adapter/modules.ts";
import type { VlmParams } from "../../src/models/contract/parts.ts";
import type { ModelInputs } from "../../src/models/inputs/inputs.ts";
import { distance, nextTokenLoss } from "./fixture.ts";
import { loadParity, type Parity } from "./parity.ts";

const root = new URL("../fixtures/lora/", import.meta.url).pathname;

/** Adapter made by Python's peft -> the base that it was made on. */
const fixtures = {
  llava: "llava/siglip-qwen2",
  qwen2_5_vl: "qwen2_5_vl/windows",
  qwen3_vl: "qwen3_vl/deepstack",
  smolvlm: "smolvlm/tiles",
};

/** a and b of each layer. */
type Halves<A> = { readonly a: A; readonly b: A }[];

let temporary: string;
beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), "fovea-adapter-"));
});
afterAll(() => rm(temporary, { recursive: true }));

async function logitsOf({ family, layout, inputs }: Parity, params: object): Promise<HostArray> {
  const fn = (tree: VlmParams, rows: ModelInputs) => family.forward(tree, rows, { layout }).logits;
  const program = await compile<HostArray>(fn, [params, inputs]);
  const logits = await program.run(params, inputs);
  await program.dispose();
  return logits;
}

describe.each(Object.entries(fixtures))("an adapter on %s", (name, base) => {
  const folder = `${root}${name}`;
  let parity: Parity;
  let reference: Checkpoint;
  let expected: HostArray;

  beforeAll(async () => {
    parity = await loadParity(base);
    reference = await openSafetensors(`${folder}/expected.safetensors`);
    expected = await reference.read("logits");
  });

  it("that Python's peft saved gives the logits that it has there", async () => {
    const { family, params } = parity;
    const logits = await logitsOf(parity, await adapted(family, params, folder));
    expect(logits.shape).toEqual(expected.shape);
    expect(distance(logits.data, expected.data)).toBeLessThan(1e-4);
    expect(distance((await logitsOf(parity, params)).data, expected.data)).toBeGreaterThan(1);
  });

  it("gives the loss and the gradients of the adapter", async () => {
    const { family, params, layout, inputs } = parity;
    const { layers } = await loadAdapter(folder, family);
    const step = (tree: VlmParams, trained: Halves<NdArray>, rows: ModelInputs, labels: NdArray) => {
      const loss = (halves: Halves<NdArray>): [NdArray, object] => {
        const changes = layers.map(({ module, scale }, i) => {
          const { a, b } = halves[i];
          return [module.path, { a, b: np.multiply(b, scale) }] as const;
        });
        const adaptedTree = withAdapters(tree, new Map(changes));
        const { logits } = family.forward(adaptedTree, rows, { layout });
        return [nextTokenLoss(logits as NdArray, labels), {}];
      };
      const [[value], gradients] = valueAndGrad(loss)(trained);
      return { value, gradients };
    };
    const halves = layers.map(({ a, b }) => ({ a, b }));
    const labels = await parity.reference("labels");
    const program = await compile<{ value: HostArray; gradients: Halves<HostArray> }>(
      step as never,
      [params, halves, inputs, labels],
      { frozen: [0] },
    );
    const { value, gradients } = await program.run(halves, inputs, labels);
    await program.dispose();
    expect(distance(value.data, (await reference.read("loss")).data)).toBeLessThan(1e-5);
    for (const [i, { module }] of layers.entries()) {
      for (const [half, name] of [["a", "A"] as const, ["b", "B"] as const]) {
        const want = await reference.read(adapterTensorName(module.name, name));
        expect(distance(gradients[i][half].data, want.data), `${module.name} ${half}`).toBeLessThan(1e-4);
        expect(want.data.some((x) => Math.abs(x) > 1e-3)).toBe(true);
      }
    }
  });

  it("gives the same logits merged into the weights", async () => {
    const out = join(temporary, `${name}-merged`);
    await mergeAdapter(folder, out);
    const params = await parity.family.load(out);
    expect(distance((await logitsOf(parity, params)).data, expected.data)).toBeLessThan(1e-4);
  });

  it("is written as it was read: same names, same values", async () => {
    const settings = await readAdapterConfig(folder);
    const { layers } = await loadAdapter(folder, parity.family);
    const tensors = new Map(
      layers.flatMap(({ module, a, b }) => [
        [adapterTensorName(module.name, "A"), a],
        [adapterTensorName(module.name, "B"), b],
      ]),
    );
    const out = join(temporary, name);
    await writeAdapterFolder(out, settings, tensors);
    const [ours, theirs] = await Promise.all(
      [out, folder].map((path) => openSafetensors(join(path, "adapter_model.safetensors"))),
    );
    expect([...ours.tensors.keys()]).toEqual([...theirs.tensors.keys()]);
    for (const key of theirs.tensors.keys()) expect(await ours.read(key)).toEqual(await theirs.read(key));
    expect(await readAdapterConfig(out)).toEqual({ alphaPattern: {}, ...settings });
  });

  it("finds its base", async () => {
    const { base: found, adapter } = await modelParts(folder);
    expect([found.endsWith(`models/${base}`), adapter]).toEqual([true, folder]);
    expect(await modelParts(found)).toEqual({ base: found });
  });
});

describe("modules", () => {
  it("are told by the end of their name, and said as a regular expression that means them alone", async () => {
    const { family } = await loadParity(fixtures.llava);
    const all = adaptableModules(family);
    expect(all.some(({ name }) => /lm_head|embed/.test(name))).toBe(false);
    const queries = matching(all, "q_proj");
    expect(queries.map(({ name }) => name)).toContain("model.vision_tower.encoder.layers.0.self_attn.q_proj");
    const language = queries.filter(({ part }) => part === "decoder");
    expect(targetModules(language, all)).toBe("model\\.language_model\\.layers\\.\\d+\\.self_attn\\.q_proj");
    const [first] = language;
    expect(matching(all, "layers.0.self_attn.q_proj")).toContain(first);
    expect(targetModules([first], all)).toEqual(["model.language_model.layers.0.self_attn.q_proj"]);
    expect(matching(all, "*")).toEqual(all);
    expect(matching(all, "proj")).toEqual([]);
    expect(matching(all, "model.*.k_proj")).toHaveLength(matching(all, "k_proj").length);
  });
});

test("scales follow rank, rsLoRA and patterns, as peft has them", () => {
  const config = { rank: 4, alpha: 8, rankStabilised: false } as AdapterConfig;
  expect(scaleOf(config, "m.q_proj", 4)).toBe(2);
  expect(scaleOf({ ...config, rankStabilised: true }, "m.q_proj", 4)).toBe(4);
  const alphaPattern = { "layers\\.1\\.q_proj": 2, q_proj: 16 };
  expect(scaleOf({ ...config, alphaPattern }, "m.layers.1.q_proj", 4)).toBe(0.5);
  expect(scaleOf({ ...config, alphaPattern }, "m.layers.2.q_proj", 4)).toBe(4);
  expect(scaleOf({ ...config, alphaPattern }, "m.fq_proj", 4)).toBe(2);
});

describe("a folder that is not plain LoRA", () => {
  const read = async (changed: object) => {
    const json = JSON.parse(await readFile(`${root}llava/adapter_config.json`, "utf8"));
    await writeFile(join(temporary, "adapter_config.json"), JSON.stringify({ ...json, ...changed }));
    return readAdapterConfig(temporary).catch((error: Error) => error.message.replace(temporary, ""));
  };
  const tail = "; only plain LoRA is known";

  it("is refused with its reason", async () => {
    expect(await read({ use_dora: true })).toBe(
      `/adapter_config.json: use_dora must be left out, got true${tail}`,
    );
    expect(await read({ peft_type: "IA3" })).toBe(
      `/adapter_config.json: peft_type must be "LORA", got "IA3"${tail}`,
    );
    expect(await read({ bias: "all" })).toContain('bias must be "none"');
    expect(await read({ modules_to_save: ["lm_head"] })).toContain("modules_to_save must be left out");
    expect(await read({ init_lora_weights: "pissa" })).toContain("leaves the base as it is");
    expect(await read({ r: 0 })).toContain("/adapter_config.json: r: ");
    expect(await read({ modules_to_save: [], bias: null })).toMatchObject({ rank: 2, alpha: 6 });
  });

  it("must have both halves of every layer, and layers of the model", async () => {
    const { family } = await loadParity(fixtures.qwen3_vl);
    await expect(loadAdapter(`${root}llava`, family)).rejects.toThrow(
      /the model has no linear layer model\.|must change \d+ to \d+ features/,
    );
    const [[module, { a }]] = await readAdapterTensors(`${root}llava`);
    const settings = await readAdapterConfig(`${root}llava`);
    const out = join(temporary, "half");
    await writeAdapterFolder(out, settings, new Map([[adapterTensorName(module, "A"), a]]));
    await expect(readAdapterTensors(out)).rejects.toThrow(
      /expected lora_A \[R, I\] and lora_B \[O, R\], found \[2, \d+\] and none/,
    );
  });

  it("names its base as a path or as OWNER/NAME with a revision", async () => {
    const bare = (base: string | null, revision: string | null) =>
      read({ base_model_name_or_path: base, revision }).then(() => baseOf(temporary));
    expect(await bare("someone/base", "v2")).toBe("someone/base@v2");
    expect(await bare("someone/base", null)).toBe("someone/base");
    expect(await bare("/models/base", null)).toBe("/models/base");
    await expect(bare(null, null)).rejects.toThrow("must name the base");
  });
});
