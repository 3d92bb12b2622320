import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { removeFolderWhole } from "../../src/common/files.ts";
import { pruneCheckpoints } from "../../src/train/run/checkpoints.ts";

let isKilled = false;
vi.mock("node:fs/promises", async (original) => {
  const own = await original<typeof import("node:fs/promises")>();
  const remove: typeof own.rm = async (path, options) => {
    if (isKilled) throw new Error("killed");
    await own.rm(path, options);
  };
  return { ...own, rm: remove };
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-remove-"));
});
afterEach(async () => {
  isKilled = false;
  await rm(folder, { recursive: true });
});

async function filled(path: string): Promise<string> {
  await mkdir(path, { recursive: true });
  await writeFile(join(path, "config.json"), "{}");
  return path;
}

it("removes a folder from its place before any file of it goes", async () => {
  const place = await filled(join(folder, "step"));
  isKilled = true;
  await expect(removeFolderWhole(place)).rejects.toThrow("killed");
  expect(await readdir(folder)).toEqual([expect.stringMatching(/^\.step\..*\.tmp$/)]);
});

it("takes old checkpoints away whole", async () => {
  for (const step of ["000001", "000002", "000003"]) await filled(join(folder, `checkpoints/step-${step}`));
  isKilled = true;
  await expect(pruneCheckpoints(folder, 2, undefined)).rejects.toThrow("killed");
  expect((await readdir(join(folder, "checkpoints"))).filter((name) => !name.startsWith("."))).toEqual([
    "step-000002",
    "step-000003",
  ]);
});
