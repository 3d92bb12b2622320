import { access, chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { writeFolderWhole } from "../../src/common/files.ts";

let folder: string;
let target: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-exchange-"));
  target = join(folder, "model");
  await writeFolderWhole(target, (temporary) => writeFile(join(temporary, "weights"), "first"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.resetModules();
  await rm(folder, { recursive: true });
});

/** Programs of the system that are called are `script`; the module is read afresh, since it keeps what it found. */
async function withPrograms(script: string): Promise<typeof import("../../src/common/exchange.ts")> {
  const programs = join(folder, "programs");
  await mkdir(programs);
  for (const name of ["mv", "exch", "perl"]) {
    await writeFile(join(programs, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(programs, name), 0o755);
  }
  vi.stubEnv("PATH", `${programs}${delimiter}/nowhere`);
  vi.resetModules();
  return import("../../src/common/exchange.ts");
}

async function replaced(replaceFolder: (next: string, target: string) => Promise<void>): Promise<void> {
  const next = join(folder, "next");
  await mkdir(next);
  await writeFile(join(next, "weights"), "second");
  await replaceFolder(next, target);
}

const weights = () => readFile(join(target, "weights"), "utf8");

describe("a folder that is replaced", () => {
  it("is there with its new content, and nothing beside it", async () => {
    await writeFolderWhole(target, (temporary) => writeFile(join(temporary, "weights"), "second"), {
      replace: true,
    });
    expect([await weights(), await readdir(folder)]).toEqual(["second", ["model"]]);
  });

  it("is whole at every look while it is replaced over and over, where the system can exchange paths", async () => {
    const { exchange } = await import("../../src/common/exchange.ts");
    const [a, b] = [join(folder, "a"), join(folder, "b")];
    await Promise.all([mkdir(a), mkdir(b)]);
    if (!(await exchange(a, b))) return; // Windows; a Linux without mv --exchange, exch and Perl.
    let isDone = false;
    const replacing = (async () => {
      for (let i = 0; i < 10; i++)
        await writeFolderWhole(target, (temporary) => writeFile(join(temporary, "weights"), `${i}`), {
          replace: true,
        });
      isDone = true;
    })();
    while (!isDone) await access(join(target, "weights")); // Throws where it is not there.
    await replacing;
  });

  it("is there before and after where no program of the system can exchange paths", async () => {
    const { replaceFolder } = await withPrograms("exit 1");
    await replaced(replaceFolder);
    expect([await weights(), (await readdir(folder)).sort()]).toEqual(["second", ["model", "programs"]]);
  });

  it("is there where such a program breaks off", async () => {
    const { replaceFolder } = await withPrograms("kill -9 $$");
    await replaced(replaceFolder);
    expect(await weights()).toBe("second");
  });

  it("stays as it was when the new one cannot be made", async () => {
    const failing = writeFolderWhole(
      target,
      async (temporary) => {
        await writeFile(join(temporary, "weights"), "half");
        throw Object.assign(new Error("ENOSPC"), { code: "ENOSPC", errno: -28, syscall: "write" });
      },
      { replace: true },
    );
    await expect(failing).rejects.toThrow(`${target} cannot be written: no space is left on the disk`);
    expect([await weights(), await readdir(folder)]).toEqual(["first", ["model"]]);
  });

  it("is put back when the new one is gone in the middle", async () => {
    const { replaceFolder } = await withPrograms("exit 1");
    const moved = replaceFolder(join(folder, "nothing"), target);
    await expect(moved).rejects.toThrow(/ENOENT/);
    expect(await weights()).toBe("first");
  });

  it("is never a file", async () => {
    const file = join(folder, "file");
    await writeFile(file, "mine");
    const over = writeFolderWhole(file, async () => {}, { replace: true });
    await expect(over).rejects.toThrow(`${file} cannot be written: a file of this name is there`);
    expect([await readFile(file, "utf8"), (await readdir(folder)).sort()]).toEqual([
      "mine",
      ["file", "model"],
    ]);
  });
});
