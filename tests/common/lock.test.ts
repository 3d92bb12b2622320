import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lockFolder } from "../../src/common/lock.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-lock-"));
});
afterEach(() => rm(folder, { recursive: true }));

const put = (holder: unknown) =>
  writeFile(join(folder, "lock"), typeof holder === "string" ? holder : JSON.stringify(holder));

/** A process number that no process has now. */
const gone = () => spawnSync(process.execPath, ["-e", ""]).pid;

describe("the lock of a folder", () => {
  it("keeps others out until it is released, and leaves nothing", async () => {
    const lock = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toThrow(
      `process ${process.pid} on ${hostname()} is writing to it`,
    );
    await lock.release();
    expect(await readdir(folder)).toEqual([]);
    await (await lockFolder(folder)).release();
  });

  it("is given to one of many that ask at once", async () => {
    const all = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(folder)));
    expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  it("is taken over from a process that is gone, by one of many", async () => {
    for (let round = 0; round < 40; round++) {
      await put({ pid: gone(), host: hostname(), started: null });
      const all = await Promise.allSettled(Array.from({ length: 40 }, () => lockFolder(folder)));
      expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      expect(JSON.parse(await readFile(join(folder, "lock"), "utf8"))).toMatchObject({ pid: process.pid });
      expect(await readdir(folder)).toEqual(["lock"]);
    }
  });

  it.runIf(process.platform === "linux")(
    "is taken over when its number belongs to a later process",
    async () => {
      await put({ pid: process.pid, host: hostname(), started: "an earlier boot 12345" });
      await (await lockFolder(folder)).release();
    },
  );

  it("is taken over from half a lock and from the older form", async () => {
    await put('{"pid": 1');
    await (await lockFolder(folder)).release();
    await put(`${gone()} ${hostname()}`);
    await (await lockFolder(folder)).release();
  });

  it("holds for another process, and for another machine, which cannot be asked", async () => {
    const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    await once(other, "spawn");
    await put(`${other.pid} ${hostname()}`);
    await expect(lockFolder(folder, "train: --out")).rejects.toThrow(
      `train: --out ${folder}: process ${other.pid} on ${hostname()} is writing to it; wait for it`,
    );
    other.kill();
    await once(other, "exit");
    await put({ pid: gone(), host: "elsewhere", started: null });
    await expect(lockFolder(folder)).rejects.toThrow(/on elsewhere is writing/);
  });

  it("is not released by one that lost it", async () => {
    const lock = await lockFolder(folder);
    await put({ pid: 1, host: "elsewhere", started: null });
    await lock.release();
    expect(await readdir(folder)).toEqual(["lock"]);
  });
});
