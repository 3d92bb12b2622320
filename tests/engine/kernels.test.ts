/**
 * Every operator that rules write for CUDA and DirectML, with its types, against the kernels that ONNX Runtime publishes
 * for them. Those without one, which run on the processor, are listed in docs/devices.md, neither more nor fewer.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { familyNumbers } from "../../bench/device/families.ts";
import { np } from "../../src/engine/array.ts";
import { compile } from "../../src/engine/compile.ts";
import { float32, type HalfType, int32 } from "../../src/engine/host.ts";
import type { Node, OnnxType } from "../../src/engine/onnx/graph.ts";
import { nodeDevice } from "../../src/engine/runtime/node-devices.ts";
import kernels from "../fixtures/kernels/kernels.json" with { type: "json" };
import { attentions, fewBits, layers, primitives } from "./cases.ts";
import { engineOf } from "./compared.ts";
import { drawn, gradients, values } from "./random-programs.ts";

/** Of each family the form that has most to it. */
const oneOfEach = [
  "idefics3/tiles",
  "llava/siglip-qwen2",
  "paligemma/gemma2",
  "qwen2_5_vl/windows",
  "qwen3_vl/deepstack",
];

const devices = ["cuda", "dml"] as const;
type Device = (typeof devices)[number];

/** `Equal(bool, bool)` of a node, by the device that its program was written for. */
const written = vi.hoisted(() => new Map<string, Map<string, Node>>());

/** The rules themselves: each program is written for every device besides. */
vi.mock("../../src/engine/lower/lower.ts", async (original) => {
  const real = await original<typeof import("../../src/engine/lower/lower.ts")>();
  const lower: typeof real.lower = (program, frozen, can) => {
    for (const device of ["cuda", "dml"]) {
      const nodes = written.get(device) ?? new Map<string, Node>();
      const { can: own } = nodeDevice({ device });
      const ways = own.halves === "none" ? [own] : [own, { ...own, multipliesHalves: true }];
      for (const node of ways.flatMap((way) => real.lower(program, frozen, way).nodes))
        nodes.set(`${node.domain} ${signatureOf(node)}`, node);
      written.set(device, nodes);
    }
    return real.lower(program, frozen, can);
  };
  return { ...real, lower };
});

function signatureOf({ op, inputs, outputs }: Node): string {
  const types = (values: Node["inputs"]) => [...new Set(values.map(({ dtype }) => dtype))].join(", ");
  return `${op}: ${types(inputs)} -> ${types(outputs)}`;
}

/** A row of the published table. */
interface Kernel {
  readonly domain: string;
  readonly name: string;
  readonly since: number;
  readonly until: number | null;
  readonly in: readonly string[];
  readonly out: readonly string[];
  readonly types: Readonly<Record<string, readonly string[]>>;
}

const published: Readonly<Record<Device, readonly Kernel[]>> = kernels as never;
const versions: Readonly<Record<string, Readonly<Record<string, number>>>> = kernels.versions;

const typeNames: Partial<Record<OnnxType, string>> = { float32: "float", float64: "double" };

/** As ONNX Runtime decides (KernelRegistry's VerifyVersion): the operator's very version, or a range that has an end. */
function hasKernel(device: Device, node: Node): boolean {
  const { opset } = nodeDevice({ device }).can;
  const domain = node.domain === "" ? "ai.onnx" : node.domain;
  const version = node.domain === "" ? versions[opset][node.op] : 1;
  return published[device].some(
    (kernel) =>
      kernel.domain === domain &&
      kernel.name === node.op &&
      (kernel.since === version ||
        (kernel.until !== null && kernel.since <= version && version <= kernel.until)) &&
      allowed(kernel, kernel.in, node.inputs) &&
      allowed(kernel, kernel.out, node.outputs),
  );
}

/** The last parameter of a list stands for all that follow it. */
function allowed({ types }: Kernel, parameters: readonly string[], values: Node["inputs"]): boolean {
  return values.every(({ dtype }, i) => {
    const own = types[parameters[Math.min(i, parameters.length - 1)]];
    return own === undefined || own.includes(typeNames[dtype] ?? dtype);
  });
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-kernels-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A product with a matrix that lies in a file as halves, and rows of it. */
async function withHalves(type: HalfType): Promise<void> {
  const path = join(folder, type);
  await writeFile(path, new Uint8Array(2 * 64));
  const weight = {
    dtype: "float32",
    shape: [8, 8],
    file: { path, offset: 0, length: 128 },
    stored: type,
  } as const;
  const fn = (w: never, x: never, ids: never) => [np.matmul(x, w), np.take(w, ids, 0)];
  const program = await compile(fn, [weight, float32([2, 8]), int32([3])], { frozen: [0] });
  await program.dispose();
}

describe("what rules write for other devices", () => {
  beforeAll(async () => {
    const machine = { threads: 1 };
    const cases = [...primitives, ...attentions, ...layers, ...fewBits];
    const random = [...drawn({ ...values, numRuns: 120 }), ...drawn({ ...gradients, numRuns: 80 })];
    for (const one of [...cases, ...random]) await engineOf(one, machine);
    for (const name of oneOfEach) await familyNumbers(name, machine, { steps: 1 });
    const [first] = oneOfEach;
    for (const weights of ["mapped", "int8", "int4"] as const)
      await familyNumbers(first, machine, { weights, steps: 0 });
    await familyNumbers(first, machine, { lora: true, steps: 1 });
    await familyNumbers(first, machine, { recompute: true, steps: 1 });
    for (const type of ["float16", "bfloat16"] as const) await withHalves(type);
  }, 600_000);

  it.each(devices)("%s has a kernel for, except for what docs/devices.md lists", async (device) => {
    const nodes = [...(written.get(device) ?? [])].map(([, node]) => node);
    expect(nodes.length).toBeGreaterThan(60);
    const without = nodes.filter((node) => !hasKernel(device, node)).map((node) => `${signatureOf(node)}`);
    expect([...new Set(without)].sort()).toEqual((await listed(device)).sort());
  });

  it("knows that a kernel of an older version is none", () => {
    const bool = { name: "x", shape: [1], dtype: "bool" } as const;
    const float = { ...bool, dtype: "float32" } as const;
    const node = { op: "Equal", domain: "", inputs: [float, float], outputs: [bool], attributes: {} };
    expect(hasKernel("cuda", node)).toBe(true);
    expect(versions[20].Equal).toBe(19);
    expect(hasKernel("cuda", { ...node, inputs: [{ ...float, dtype: "uint8" }, float] })).toBe(false);
    expect(hasKernel("cuda", { ...node, op: "Asin", inputs: [float], outputs: [float] })).toBe(false);
  });
});

/** The rows of the table of a device under "Operators without a kernel". */
async function listed(device: Device): Promise<string[]> {
  const page = await readFile(join(import.meta.dirname, "../../docs/devices.md"), "utf8");
  const [, section = ""] = page.split("## Operators without a kernel");
  const rows = section.split("\n## ")[0].matchAll(/^\| `(\w+)` \| (\w+) \| (.+?) \|/gm);
  return [...rows].flatMap(([, name, op, types]) => (name === device ? [`${op}: ${types}`] : []));
}
