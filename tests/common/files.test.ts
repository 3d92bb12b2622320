import { spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemFault, writeFault } from "../../src/common/faults.ts";
import { makeFolder, mustBeWritable, writeFileWhole, writeFolderWhole } from "../../src/common/files.ts";

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
  new Promise<number | null>((done) => child.once("close", (code) => done(code)));

describe("a folder that is being written when the process is stopped", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)(
    "leaves nothing behind at %s",
    async (signal, code) => {
      const place = await mkdtemp(join(folder, "place-"));
      const child = await writing(join(place, "out"), "");
      expect(await readdir(place)).toHaveLength(1);
      const end = ended(child);
      let said = "";
      child.stderr?.on("data", (text) => {
        said += text;
      });
      child.kill(signal);
      expect(await end).toBe(code);
      expect(said).toBe(`fovea: stopped before ${place}/out was whole; nothing of it was written\n`);
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

describe("an output that cannot be written", () => {
  it.runIf(process.platform === "linux")("is refused in one line, and never waited for", async () => {
    const file = join(folder, "a-file");
    await writeFile(file, "mine");
    const places = {
      [file]: "a file of this name is there",
      [join(file, "in", "it")]: "a part of the path is a file",
      [join(folder, "x".repeat(300))]: "the name is too long",
      "/proc/none": "its folder is gone", // Where `mkdir` with `recursive` never ends.
      "/proc/none/deeper": "its folder is gone",
      "/dev/null/none": "a part of the path is a file",
    };
    for (const [place, reason] of Object.entries(places)) {
      const message = `${place} cannot be written: ${reason}`;
      await expect(writeFolderWhole(place, async () => {})).rejects.toThrow(message);
      await expect(mustBeWritable(place, { what: `train: ${place}` })).rejects.toThrow(`train: ${message}`);
    }
    expect((await stat(file)).size).toBe(4);
  });

  it("is refused before its content is made", async () => {
    const place = join(folder, "filled");
    await mkdir(join(place, "in"), { recursive: true });
    let began = false;
    const fill = async () => {
      began = true;
    };
    await expect(writeFolderWhole(place, fill)).rejects.toThrow(/filled already exists and is not empty/);
    expect(began).toBe(false);
  });

  it("leaves no folder behind that was made to see whether it can be", async () => {
    const place = join(folder, "new/run/model");
    await mustBeWritable(place);
    expect(await readdir(folder)).not.toContain("new");
  });

  it("that is taken away while it is filled is not made again", async () => {
    const place = join(folder, "gone/model");
    const fill = async (temporary: string) => {
      await rm(join(folder, "gone"), { recursive: true });
      await writeFileWhole(join(temporary, "part/weights"), "");
    };
    await expect(writeFolderWhole(place, fill)).rejects.toThrow(
      `${place}/part/weights cannot be written: its folder is gone`,
    );
    expect(await readdir(folder)).not.toContain("gone");
  });

  it("is named as it was asked for, not as its temporary folder", async () => {
    const place = join(folder, "named");
    const fill = (temporary: string) => writeFileWhole(join(temporary, "x".repeat(300)), "");
    await expect(writeFolderWhole(place, fill)).rejects.toThrow(
      `${place}/${"x".repeat(300)} cannot be written`,
    );
  });

  it("makes a folder with those that it lies in, once for all who ask", async () => {
    const place = join(folder, "a/b/c");
    const made = await Promise.all(Array.from({ length: 8 }, () => makeFolder(place)));
    expect(made.filter((first) => first === join(folder, "a"))).toHaveLength(1);
    await chmod(place, 0o700);
  });
});

it("says a fault of the system in one line, and leaves other errors", async () => {
  const fault = await stat(join(folder, "nothing")).catch((error: Error) => error);
  expect(systemFault(fault as Error)?.message).toBe(`${folder}/nothing: no such file or directory (stat)`);
  expect(systemFault(new Error("mine"))).toBeUndefined();
  const full = Object.assign(new Error("ENOSPC: no space left on device, write"), {
    code: "ENOSPC",
    errno: -28,
    syscall: "write",
  });
  expect([systemFault(full)?.message, (writeFault("out", full) as Error).message]).toEqual([
    "a file: no space left on device (write)",
    "out cannot be written: no space is left on the disk",
  ]);
});
