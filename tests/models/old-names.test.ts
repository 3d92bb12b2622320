import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { float32, type HostArray } from "../../src/engine/host.ts";
import { openSafetensors, writeSafetensors } from "../../src/hub/safetensors.ts";
import oldNames from "../fixtures/models/old-names.json" with { type: "json" };
import { loadParity } from "./parity.ts";

/** Tensor names of published files: see `names.py`, which holds them against transformers. */
describe.each(oldNames)("tensor names of $fixture as in $source", ({ fixture, names }) => {
  it("load the same parameters", async () => {
    const { family, params, folder } = await loadParity(fixture);
    const today = await openSafetensors(`${folder}model.safetensors`);
    const tensors = new Map<string, HostArray>();
    for (const [old, name] of Object.entries(names))
      tensors.set(old, name === null ? float32([1], [7]) : await today.read(name));
    const other = await mkdtemp(join(tmpdir(), "old-names-"));
    try {
      await copyFile(`${folder}config.json`, join(other, "config.json"));
      await writeSafetensors(join(other, "model.safetensors"), tensors);
      const found = await family.load(other);
      expect(family.toNamed(found.params as never)).toEqual(family.toNamed(params));
    } finally {
      await rm(other, { recursive: true });
    }
  });
});
