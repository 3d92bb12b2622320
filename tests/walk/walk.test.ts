import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { baseFolder, walkBases } from "../../scripts/walk/bases.ts";
import { walk } from "../../scripts/walk/steps.ts";

/** Instead of the 2,000 steps of the preset: what is held here does not depend on how long the training is. */
const steps = 2;

describe("thirty own photos, from a model to a model of one's own", () => {
  it.each(walkBases)(
    "%s",
    async (base) => {
      const folder = await mkdtemp(join(tmpdir(), "fovea-walk-"));
      onTestFinished(() => rm(folder, { recursive: true, force: true }));
      const { ran, spelled, adapter, merged } = await walk({ base: baseFolder(base), folder, steps });
      for (const { line, code, stderr } of ran) expect(code, `${line}\n${stderr}`).toBe(0);
      const output = (start: string) => ran.find(({ line }) => line.startsWith(`npx fovea ${start}`))?.stdout;
      expect(output("eval my-data")).toContain("60 questions about 30 pictures");
      // After training only what it held out is asked, of both models.
      const after = ran[2].stdout;
      expect(after).toContain("2 questions about 1 picture;");
      expect(after).toContain("only the one example of 30 that training held out is asked about");
      for (const { stdout } of ran) expect(stdout).not.toContain("\x1b");
      // However an evaluation is spelled, its numbers are the same.
      expect(spelled[0]).toMatchObject({ all: { items: 2 }, split: "held-out" });
      for (const other of spelled.slice(1)) expect(other).toEqual(spelled[0]);
      // The merged model gives the adapter's answers, question by question.
      expect(adapter.size).toBe(60);
      expect(Object.fromEntries(merged)).toEqual(Object.fromEntries(adapter));
    },
    600_000,
  );
});
