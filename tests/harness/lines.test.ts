import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { lineFile } from "../../src/harness/run/lines.ts";

it("says that a run's folder was taken away, and writes no answer into nothing", async () => {
  const folder = await mkdtemp(join(tmpdir(), "fovea-lines-"));
  const path = join(folder, "answers.jsonl");
  const file = lineFile(path);
  await file.append({ id: "1" });
  expect(await readFile(path, "utf8")).toBe('{"id":"1"}\n');
  await rm(folder, { recursive: true });
  const lost = `${path} cannot be written: it was taken away while the run was under way`;
  await expect(file.append({ id: "2" })).rejects.toThrow(lost);
  await file.close();
});

it.runIf(process.platform === "linux")(
  "says that the disk is full in the words of every command",
  async () => {
    const file = lineFile("/dev/full");
    await expect(file.append({ id: "1" })).rejects.toThrow(
      "/dev/full cannot be written: no space is left on the disk",
    );
    await file.close().catch(() => {});
  },
);
