import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-files-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const files = new URL("../../src/common/files.ts", import.meta.url).pathname;

/** A process that writes into `out` without end, with a handler of its own or not. */
async function writing(out: string, own: string): Promise<ReturnType<typeof spawn>> {
  const script = join(folder, `${own === "" ? "plain" : "own"}.mjs`);
  const code = [
    `import { writeFile } from "node:fs/promises";`,
    `import { writeFileWhole, writeFolderWhole } from ${JSON.stringify(files)};`,
    own,
    `await writeFolderWhole(process.argv[2], async (temporary) => {`,
    `  await writeFile(temporary + "/part", "half");`,
    `  async function* never() { yield Buffer.from("begun"); console.log("ready"); await new Promise((done) => setTimeout(done, 60_000)); }`,
    `  await writeFileWhole(temporary + "/whole", never());`,
    `});`,
  ];
  await writeFile(script, code.join("\n"));
  const child = spawn(process.execPath, [script, out]);
  await new Promise((ready) => child.stdout.once("data", ready));
  return child;
}

const ended = (child: ReturnType<typeof spawn>) =>
  new Promise<number | null>((done) => child.once("exit", (code) => done(code)));

describe("a folder that is being written when the process is stopped", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)(
    "leaves nothing behind at %s",
    async (signal, code) => {
      const place = await mkdtemp(join(folder, "place-"));
      const child = await writing(join(place, "out"), "");
      expect(await readdir(place)).toHaveLength(1);
      const end = ended(child);
      child.kill(signal);
      expect(await end).toBe(code);
      expect(await readdir(place)).toEqual([]);
    },
    60_000,
  );

  it("is left to a handler that the command has itself", async () => {
    const place = await mkdtemp(join(folder, "place-"));
    const child = await writing(join(place, "out"), `process.on("SIGINT", () => process.exit(7));`);
    const end = ended(child);
    child.kill("SIGINT");
    expect(await end).toBe(7);
  }, 60_000);
});
