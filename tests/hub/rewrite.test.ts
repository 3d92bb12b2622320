import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { float32 } from "../../src/engine/host.ts";
import { fromBfloat16, toBfloat16 } from "../../src/hub/weights/halves.ts";
import { rewriteModelFolder } from "../../src/hub/weights/rewrite.ts";
import { openSafetensors } from "../../src/hub/weights/safetensors.ts";
import { writeTensorFile } from "../../src/hub/weights/safetensors-write.ts";

test("rounds to bfloat16 as torch does", () => {
  // torch.tensor([...]).bfloat16().float(), torch 2.13
  const values = [1, 1.00390625, 1.01171875, -3.3, 1e-40, 3.4e38, Infinity, 0.1];
  const rounded = [1, 1, 1.015625, -3.296875, 9.183549615799121e-41, Infinity, Infinity, 0.10009765625];
  const found = fromBfloat16(toBfloat16(Float32Array.from(values)));
  expect([...found]).toEqual([...Float32Array.from(rounded)]);
  expect(fromBfloat16(toBfloat16(Float32Array.of(Number.NaN)))[0]).toBeNaN();
});

test("writes shards again, with the changed tensors in their own types and the rest as it was", async () => {
  const root = await mkdtemp(join(tmpdir(), "fovea-rewrite-"));
  const [folder, out] = [join(root, "in"), join(root, "out")];
  try {
    await mkdir(folder);
    const header = (name: string, dtype: "F32" | "BF16" | "I64") => ({ name, dtype, shape: [2] });
    async function* bytes(...parts: ArrayBufferView[]) {
      for (const part of parts) yield new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
    }
    const half = toBfloat16(Float32Array.of(1, 2));
    const first = "model-00001-of-00002.safetensors";
    const second = "model-00002-of-00002.safetensors";
    await writeTensorFile(
      join(folder, first),
      [header("z", "BF16"), header("a", "F32")],
      bytes(half, Float32Array.of(3, 4)),
      { format: "pt" },
    );
    await writeTensorFile(join(folder, second), [header("ids", "I64")], bytes(BigInt64Array.of(5n, 6n)), {});
    const map = { z: first, a: first, ids: second };
    await writeFile(join(folder, "model.safetensors.index.json"), JSON.stringify({ weight_map: map }));
    await writeFile(join(folder, "config.json"), "{ }");
    await writeFile(join(folder, "README.md"), "of the base");

    const doubled = (name: string) =>
      name === "z" ? () => float32([2], [1.00390625, 1.01171875]) : undefined;
    await rewriteModelFolder(folder, out, doubled);
    expect((await readdir(out)).sort()).toEqual(
      ["config.json", first, second, "model.safetensors.index.json"].sort(),
    );
    expect(await readFile(join(out, second))).toEqual(await readFile(join(folder, second)));
    const made = await openSafetensors(join(out, first));
    expect(made.tensors.get("z")?.dtype).toBe("BF16");
    expect([...(await made.read("z")).data]).toEqual([1, 1.015625]);
    expect([...(await made.read("a")).data]).toEqual([3, 4]);
    await expect(rewriteModelFolder(folder, out, doubled)).rejects.toThrow("already exists");

    const onIds = rewriteModelFolder(folder, join(root, "ids"), (name) =>
      name === "ids" ? () => float32([2]) : undefined,
    );
    await expect(onIds).rejects.toThrow("tensor ids: expected a floating type, found I64");
  } finally {
    await rm(root, { recursive: true });
  }
});
