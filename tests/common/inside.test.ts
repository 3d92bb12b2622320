import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { pathInside, readIfThere, readRegular } from "../../src/common/inside.ts";
import { lockFolder } from "../../src/common/lock.ts";

let top: string;
let folder: string;
beforeEach(async () => {
  top = await realpath(await mkdtemp(join(tmpdir(), "fovea-inside-")));
  folder = join(top, "data");
  await mkdir(join(folder, "images"), { recursive: true });
  await writeFile(join(top, "secret.png"), "secret");
  await mkdir(join(top, "data-private"));
  await writeFile(join(top, "data-private", "secret.png"), "secret");
});
afterEach(() => rm(top, { recursive: true }));

const inside = (name: string, options = {}) => pathInside(folder, name, "row 1", options);

describe("a file that another file names", () => {
  it.each([
    "a.png",
    "..cat.png",
    "images/..dog.png",
    "images/...png",
    "a..b/..c.jpg",
    "%2e%2e.png",
    "..\\secret.png",
    "Ångström ü.png",
    "A\u030a.png",
    " .png",
    "~",
  ])("is read by the name %j", async (name) => {
    await mkdir(join(folder, "a..b"));
    await writeFile(join(folder, name), name);
    expect(await readFile(await inside(name), "utf8")).toBe(name);
  });

  it.each([
    "../secret.png",
    "./../secret.png",
    "images/../../secret.png",
    "images/./.././../secret.png",
    "../data-private/secret.png",
    "..",
    "images/../..",
    "../../../../../../../../etc/passwd",
  ])("is not read through %j", async (name) => {
    await expect(inside(name)).rejects.toThrow(`row 1: path must be inside ${folder}, got "${name}"`);
  });

  it("is not read by an absolute path, even of a file in the folder, unless that is allowed", async () => {
    const own = join(folder, "a.png");
    await writeFile(own, "");
    for (const name of ["/etc/passwd", own]) await expect(inside(name)).rejects.toThrow("as seen from");
    expect(await inside(own, { absolute: true })).toBe(own);
    for (const name of ["/etc/passwd", join(top, "secret.png"), `${folder}/../secret.png`])
      await expect(inside(name, { absolute: true })).rejects.toThrow(`must be inside ${folder}`);
  });

  it("is not read through a link that leads out, to a file, to a folder, or in a chain", async () => {
    await symlink("../secret.png", join(folder, "file.png"));
    await symlink("..", join(folder, "up"));
    await symlink("../up", join(folder, "images", "chain"));
    await symlink("../up/secret.png", join(folder, "images", "far.png"));
    for (const name of ["file.png", "up/secret.png", "images/far.png", "images/chain/secret.png"])
      await expect(inside(name)).rejects.toThrow(`it is a link to ${join(top, "secret.png")}`);
  });

  it("is read through links within the folder, and in a folder that is a link itself", async () => {
    await writeFile(join(folder, "a.png"), "");
    await symlink("../a.png", join(folder, "images", "again.png"));
    await symlink(folder, join(top, "alias"));
    expect(await pathInside(join(top, "alias"), "images/again.png", "row 1")).toBe(join(folder, "a.png"));
    expect(await pathInside("/", join(folder, "a.png").slice(1), "row 1")).toBe(join(folder, "a.png"));
  });

  it("may lie in the blobs of its own snapshot in a cache of Hugging Face, and nowhere else", async () => {
    const repository = join(top, "models--a--b");
    const snapshot = join(repository, "snapshots", "0123");
    await mkdir(snapshot, { recursive: true });
    await mkdir(join(repository, "blobs"));
    await writeFile(join(repository, "blobs", "f00d"), "weights");
    await symlink("../../blobs/f00d", join(snapshot, "model.safetensors"));
    await symlink("../../../secret.png", join(snapshot, "config.json"));
    expect(await pathInside(snapshot, "model.safetensors", "model")).toBe(join(repository, "blobs", "f00d"));
    await expect(pathInside(snapshot, "config.json", "model")).rejects.toThrow("must be inside");
    await expect(pathInside(snapshot, "../../blobs/f00d", "model")).rejects.toThrow("must be inside");
  });

  it("says what is there when it is no file", async () => {
    spawnSync("mkfifo", [join(folder, "pipe.png")]);
    await symlink("loop.png", join(folder, "loop.png"));
    const server = createServer().listen(join(folder, "socket.png"));
    await new Promise((resolve) => server.once("listening", resolve));
    const said: readonly (readonly [string, string])[] = [
      ["images", "a folder"],
      ["", "a folder"],
      ["pipe.png", "a pipe"],
      ["socket.png", "a socket"],
      ["loop.png", "no such file"],
      ["none.png", "no such file"],
      [`${"x".repeat(300)}.png`, "no such file"],
      ["a\0.png", "a name with a NUL character"],
    ];
    for (const [name, found] of said)
      await expect(inside(name)).rejects.toThrow(`row 1: expected a file, found: ${found}`);
    await expect(pathInside("/dev", "zero", "row 1")).rejects.toThrow("found: a device");
    server.close();
  });
});

describe("reading a regular file", () => {
  it("waits for no pipe and reads no device", async () => {
    spawnSync("mkfifo", [join(folder, "pipe")]);
    await expect(readRegular(join(folder, "pipe"))).rejects.toThrow("pipe: expected a file, found: a pipe");
    await expect(readRegular("/dev/zero")).rejects.toThrow("/dev/zero: expected a file, found: a device");
    await expect(readRegular(join(top, "secret.png"), "it", 5)).rejects.toThrow("at most 5 bytes, got 6");
    expect(`${await readRegular(join(top, "secret.png"))}`).toBe("secret");
  });
});

it("reads a text that may be missing, and waits for no pipe in its place", async () => {
  const folder = await mkdtemp(join(tmpdir(), "fovea-text-"));
  try {
    await writeFile(join(folder, "a.json"), "{}");

    spawnSync("mkfifo", [join(folder, "pipe")]);
    expect(await readIfThere(join(folder, "a.json"))).toBe("{}");
    expect(await readIfThere(join(folder, "b.json"))).toBeUndefined();
    expect(await readIfThere(join(folder, "a.json", "b"))).toBeUndefined();
    await expect(readIfThere(join(folder, "pipe"))).rejects.toThrow("expected a file, found: a pipe");
    await expect(readIfThere(join(folder, "a.json"), 1)).rejects.toThrow(
      "size must be at most 1 bytes, got 2",
    );
    await symlink("/dev/zero", join(folder, "lock"));
    await expect(lockFolder(folder)).rejects.toThrow("lock: expected a file, found: a device");
    await rm(join(folder, "lock"));
    await mkdir(join(folder, "lock"));
    await expect(lockFolder(folder)).rejects.toThrow("lock: expected a file, found: a folder");
  } finally {
    await rm(folder, { recursive: true });
  }
});
