import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { float32, type HostArray } from "../../src/engine/host.ts";
import { openSafetensors } from "../../src/hub/weights/safetensors.ts";
import { writeSafetensors } from "../../src/hub/weights/safetensors-write.ts";
import oldNames from "../fixtures/models/old-names.json" with { type: "json" };
import { loadParity } from "./parity.ts";

/** Tensor names of published files: see `names.py`, which holds them against transformers. */
describe.each(oldNames)("tensor names of $fixture as in $source", ({ fixture, names }) => {
  it("load the same parameters", async () => {
    const { family, params, folder } = await loadParity(fixture);
    const today = await openSafetensors(`${folder}model.safetensors`);
    const tensors = new Map<string, HostArray>();
    const table = [...today.tensors.keys()].find((name) => name.endsWith("embed_tokens.weight")) as string;
    for (const [old, name] of Object.entries(names)) {
      // A head that is no parameter is the embeddings once more.
      const unused = old.endsWith("lm_head.weight") ? await today.read(table) : float32([1], [7]);
      tensors.set(old, name === null ? unused : await today.read(name));
    }
    const other = await mkdtemp(join(tmpdir(), "old-names-"));
    try {
      await copyFile(`${folder}config.json`, join(other, "config.json"));
      await writeSafetensors(join(other, "model.safetensors"), tensors);
      const found = await family.load(other);
      expect(family.toNamed(found)).toEqual(family.toNamed(params));
    } finally {
      await rm(other, { recursive: true });
    }
  });
});
