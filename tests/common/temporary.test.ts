import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeFileWhole, writeFolderWhole } from "../../src/common/files.ts";
import { lockFolder } from "../../src/common/lock.ts";
import { sweep, temporaryName } from "../../src/common/temporary.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-temporary-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** A process number that no process has now. */
const gone = () => spawnSync(process.execPath, ["-e", ""]).pid;

/** A temporary name of this process with parts of it changed. */
function named(changed: { place?: string; pid?: number; start?: string; kind?: "tmp" | "old" }) {
  const [, place, pid, start, random] =
    /\.([0-9a-f]{8})-(\d+)-([0-9a-f]{8})-([0-9a-f]{12})\.tmp$/.exec(temporaryName("model")) ?? [];
  const own = { place, pid, start, kind: "tmp", ...changed };
  return `.model.${own.place}-${own.pid}-${own.start}-${random}.${own.kind}`;
}

async function left(name: string, age = 0): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  await writeFile(join(path, "half"), "");
  const then = Date.now() / 1000 - age;
  for (const one of [join(path, "half"), path]) await utimes(one, then, then);
  return name;
}

const day = 24 * 60 * 60;

describe("what a killed process left", () => {
  it("goes with the next file, folder or lock at that place", async () => {
    const writers = [
      () => writeFileWhole(join(folder, "file"), ""),
      () => writeFolderWhole(join(folder, "other"), async () => {}),
      async () => (await lockFolder(folder)).release(),
    ];
    for (const write of writers) {
      await left(named({ pid: gone() }));
      await writeFile(join(folder, named({ pid: gone() })), "a file");
      await write();
      expect((await readdir(folder)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    }
  });

  it.runIf(process.platform === "linux")("goes when its number belongs to a later process", async () => {
    await left(named({ start: "0badc0de" }));
    await sweep(folder);
    expect(await readdir(folder)).toEqual([]);
  });

  it("stays while its process lives", async () => {
    const other = spawn(process.execPath, ["--input-type=module", "-e", writerOf(folder)]);
    await once(other.stdout, "data");
    const names = [...(await readdir(folder)), await left(named({}), 2 * day)];
    expect(names).toHaveLength(2);
    await sweep(folder, { isHeld: true });
    expect((await readdir(folder)).sort()).toEqual(names.sort());
    other.kill("SIGKILL");
    await once(other, "exit");
    await sweep(folder);
    expect(await readdir(folder)).toEqual([names.find((name) => name.includes("model"))]);
  });

  it("of another machine stays for a day after its last change, unless the folder is held", async () => {
    const fresh = await left(named({ place: "e15e0000", pid: gone() }), day / 2);
    await left(named({ place: "e15e0000", pid: gone() }), 2 * day);
    const inside = await left(named({ place: "e15e0000", pid: 1 }), 2 * day);
    await writeFile(join(folder, inside, "half"), "changed");
    await left(".older.0123456789ab.tmp", 2 * day);
    await sweep(folder);
    expect((await readdir(folder)).sort()).toEqual([fresh, inside].sort());
    await sweep(folder, { isHeld: true });
    expect(await readdir(folder)).toEqual([]);
  });

  it("is never a file of the user's", async () => {
    const names = [".model.tmp", "model.0123456789ab.tmp", ".a.e15e0000-1-2.tmp", ".env", "x.old", ".x.old"];
    for (const name of names) await writeFile(join(folder, name), "");
    await sweep(folder, { isHeld: true });
    expect((await readdir(folder)).sort()).toEqual(names.sort());
  });

  it("is put back where it was moved aside and nothing came in its place", async () => {
    for (const isTaken of [false, true]) {
      const aside = join(folder, named({ pid: gone(), kind: "old" }));
      await mkdir(join(aside, "model"), { recursive: true });
      await writeFile(join(aside, "model/old"), "");
      await sweep(folder);
      expect(await readdir(folder)).toEqual(["model"]);
      expect(await readdir(join(folder, "model"))).toEqual([isTaken ? "new" : "old"]);
      await rm(join(folder, "model"), { recursive: true });
      await mkdir(join(folder, "model"));
      await writeFile(join(folder, "model/new"), "");
    }
  });
});

/** Code that begins a folder and never ends. */
function writerOf(place: string): string {
  const files = new URL("../../src/common/files.ts", import.meta.url).href;
  return `import { writeFolderWhole } from "${files}";
    await writeFolderWhole(${JSON.stringify(join(place, "live"))}, async () => {
      console.log("ready");
      await new Promise((done) => setTimeout(done, 60_000));
    });`;
}

it("fits a temporary name into what a file system takes", () => {
  for (const name of ["a".repeat(255), "ä".repeat(120), "x"]) {
    const temporary = basename(temporaryName(join(folder, name)));
    expect(Buffer.byteLength(temporary)).toBeLessThanOrEqual(255);
    expect(temporary).not.toContain("\ufffd");
  }
});
