import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { silentView } from "../../src/train/run/progress.ts";
import { inTemporaryFolder, run, tinyConfig } from "./support.ts";

it.each([
  ["checkpoints", "file", "a part of the path is a file"],
  ["model", "file", "a file of this name is there"],
  ["config.yaml", "folder", "a folder of this name is there"],
  ["curves.svg", "folder", "a folder of this name is there"],
])("a run whose %s is a %s is refused before any work, and leaves it", (name, kind, reason) =>
  inTemporaryFolder(async (out) => {
    const path = join(out, name);
    await (kind === "file" ? writeFile(path, "mine") : mkdir(path));
    let begun = false;
    const start = () => {
      begun = true;
    };
    const view = { ...silentView, start };
    const refused = run(tinyConfig({ train: { prefetch: 2 } }), out, { view });
    await expect(refused).rejects.toThrow(`train: ${path} cannot be written: ${reason}`);
    expect([begun, await readdir(out)]).toEqual([false, [name]]);
    if (kind === "file") expect(await readFile(path, "utf8")).toBe("mine");
  }),
);

it.each([0, 2])(
  "a run whose folder is taken away ends, and does not make it again (prefetch %i)",
  (prefetch) =>
    inTemporaryFolder(async (folder) => {
      const out = join(folder, "run");
      let removed: Promise<void> | undefined;
      const view = {
        ...silentView,
        step: ({ step }: { step: number }) => {
          if (step === 3) removed = rm(out, { recursive: true });
        },
      };
      const config = tinyConfig({ train: { steps: 1000, prefetch, checkpointEvery: 10, evalEvery: 0 } });
      await expect(run(config, out, { view })).rejects.toThrow(
        /run\/\S+ cannot be written: its folder is gone$/,
      );
      await removed;
      expect(existsSync(out)).toBe(false);
    }),
);

it("a run that is stopped while it is opened has nothing to save, says how it goes on, and does", () =>
  inTemporaryFolder(async (folder) => {
    const out = join(folder, "run");
    const stop = new AbortController();
    const running = run(tinyConfig(), out, { signal: stop.signal });
    setImmediate(() => stop.abort("SIGTERM"));
    const error = await running.catch((caught) => caught);
    expect(error).toMatchObject({
      message: `train: stopped before its first step; the same command with --out ${out} --resume goes on`,
      code: 143,
    });
    await run(tinyConfig(), out, { resume: true });
    expect(await readdir(join(out, "model"))).toContain("config.json");
  }));

it("leftovers of a killed run go with the next", () =>
  inTemporaryFolder(async (out) => {
    const dead = ".model.00000000-1-00000000-0123456789ab.tmp";
    for (const place of [out, join(out, "checkpoints")]) await mkdir(join(place, dead), { recursive: true });
    await run(tinyConfig({ train: { steps: 2 } }), out);
    expect([...(await readdir(out)), ...(await readdir(join(out, "checkpoints")))]).not.toContain(dead);
  }));
