import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "vitest";
import { baseFolder, walkBases } from "./bases.ts";
import { walk } from "./steps.ts";

/** Instead of the 2,000 steps of the preset: what is held here does not depend on how long the training is. */
const steps = 2;

describe("thirty own photos, from a model to a model of one's own", () => {
  it.concurrent.for(walkBases)("%s", { timeout: 600_000 }, async (base, { expect, onTestFinished }) => {
    const folder = await mkdtemp(join(tmpdir(), "fovea-walk-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const { ran, spelled, adapter, merged } = await walk({ base: baseFolder(base), folder, steps });
    for (const { line, code, stderr } of ran) expect(code, `${line}\n${stderr}`).toBe(0);
    const output = (start: string) => ran.find(({ line }) => line.startsWith(`npx fovea ${start}`))?.stdout;
    expect(output("eval my-data")).toContain("60 questions about 30 pictures");
    // After training only what it held out is asked, of both models.
    const after = ran[2].stdout;
    expect(after).toContain("12 questions about 6 pictures;");
    expect(after).toContain("only the 6 examples of 30 that training held out are asked about");
    for (const { stdout, stderr } of ran) expect(stdout + stderr).not.toContain("\x1b");
    const page = await readFile(join(folder, "changed.html"), "utf8");
    expect(page).toContain("What changed on my-data");
    expect(page.match(/alt="Where /g)?.length).toBeGreaterThanOrEqual(2); // A question at least, of two models.
    // However an evaluation is spelled, its numbers are the same.
    expect(spelled[0]).toMatchObject({ all: { items: 12 }, split: "held-out" });
    for (const other of spelled.slice(1)) expect(other).toEqual(spelled[0]);
    // The merged model gives the adapter's answers, question by question.
    expect(adapter.size).toBe(60);
    expect(Object.fromEntries(merged)).toEqual(Object.fromEntries(adapter));
  });
});
