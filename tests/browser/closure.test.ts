import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { closureOf, obstacles } from "./closure.ts";

describe("what a page loads", () => {
  it.each([
    "web/index.ts",
    "lens/paint.ts",
    "losses/index.ts",
    "engine/index.ts",
    "train/trainer/trainer.ts",
    "data/tasks/world.ts",
    "studio/learn/worker.ts",
    "train/report/probe-lines.ts",
  ])("src/%s reaches nothing of Node", async (entry) => {
    expect(await obstacles(`src/${entry}`)).toEqual([]);
  });

  it("is all that a page needs: engine, families, lens, sources", async () => {
    const modules = Object.keys(await closureOf("src/web/index.ts"));
    for (const known of [
      "engine/runtime/web.ts",
      "models/llava/family.ts",
      "lens/logit-lens.ts",
      "hub/source/http.ts",
    ])
      expect(modules).toContain(join("src", known));
    expect(modules.filter((path) => path.includes("onnxruntime-node"))).toEqual([]);
  });

  it("is looked through: what needs Node is found, with what leads there", async () => {
    const found = await obstacles("src/hub/write-folder.ts");
    expect(found.map(({ module }) => module)).toContain("src/common/files.ts");
    const files = found.find(({ module }) => module === "src/common/signals.ts");
    expect(files?.needs).toEqual(expect.arrayContaining(["node:fs", "process"]));
    expect(files?.chain.at(-1)).toBe("src/hub/write-folder.ts");
  });
});
