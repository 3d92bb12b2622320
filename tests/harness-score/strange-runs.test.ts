import { spawnSync } from "node:child_process";
import { mkdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeLeaderboard, writeLeaderboard } from "../../src/harness/leaderboard/write.ts";
import type { ItemRecord, RunRecord } from "../../src/harness/record.ts";
import { shownGroups } from "../../src/harness/report/shown.ts";
import { openRunFolder } from "../../src/harness/run/folder.ts";
import { readRunFolder } from "../../src/harness/score/read.ts";
import { encodePng } from "../../src/hub/image/image-file.ts";
import { dataRows, item, label, runOf, temporaryFolder, writePictures, writeRun } from "./runs.ts";

/** Run folders from strangers: what they name must not put other pictures of the reader's machine onto a page. */
async function place() {
  const root = await temporaryFolder();
  const one = item(0);
  await writePictures(join(root, "data"), [one]);
  await mkdir(join(root, "private"));
  for (const path of ["secret.png", "private/secret.png", "data/images/..cat.png", "data/..odd.png"])
    await writeFile(join(root, path), await encodePng({ width: 4, height: 4, data: new Uint8Array(48) }));
  const write = (image: string, change: Partial<RunRecord> = {}) => {
    const asked: ItemRecord = { ...one, image };
    return writeRun(join(root, "run"), runOf([asked], [label(asked, "B")], change));
  };
  /** Whether the picture is on the pages that can be made of the run. */
  const shown = async (folder: string) => {
    const out = join(root, "board");
    await writeLeaderboard(out, await makeLeaderboard([folder]));
    const [group] = await shownGroups([{ ...(await readRunFolder(folder)), folder }], 0);
    const onBoard = (await readFile(join(out, "index.html"), "utf8")).includes("data:image/webp");
    expect(group.questions[0].picture !== undefined).toBe(onBoard);
    return onBoard;
  };
  return { root, write, shown };
}

describe("a picture of a run", () => {
  it.each(["images/0.png", "images/..cat.png", "..odd.png", "./images/0.png", "images/../images/0.png"])(
    "is shown by its name %s",
    async (name) => {
      const { write, shown } = await place();
      expect(await shown(await write(name))).toBe(true);
    },
  );

  it("is not shown when it lies outside of the data, whatever its name", async () => {
    const { root, write, shown } = await place();
    await symlink("../secret.png", join(root, "data", "linked.png"));
    await symlink("..", join(root, "data", "up"));
    await symlink(join(root, "private"), join(root, "data", "folder"));
    spawnSync("mkfifo", [join(root, "data", "pipe.png")]);
    const names = [
      "../secret.png",
      "images/../../secret.png",
      join(root, "secret.png"),
      join(root, "data", "images", "0.png"),
      "linked.png",
      "up/secret.png",
      "folder/secret.png",
      "pipe.png",
      "images",
      "images/0.png\0.jpg",
      "..",
      "",
    ];
    for (const name of names) expect(await shown(await write(name)), name).toBe(false);
  });

  it("is not shown from a folder that is not the data which was asked", async () => {
    const { root, write, shown } = await place();
    for (const data of ["../private", join(root, "private"), "..", root, "/", "../none"])
      expect(await shown(await write("secret.png", { data })), data).toBe(false);
    await writeFile(join(root, "private", "metadata.jsonl"), `${dataRows} `);
    expect(await shown(await write("secret.png", { data: "../private" }))).toBe(false);
    await writeFile(join(root, "private", "metadata.jsonl"), dataRows);
    expect(await shown(await write("secret.png", { data: "../private" }))).toBe(true);
  });
});

it.each([
  [[1e5, 1e5], [1e10]],
  [
    [2, 2],
    [1, 1],
  ],
])("a mask of size %j with runs %j is refused before it is drawn", async (size, counts) => {
  const root = await temporaryFolder();
  const region = { kind: "mask", size: size as [number, number], counts } as const;
  const folder = await writeRun(join(root, "run"), runOf([item(0, { regions: [region] })], []));
  await expect(readRunFolder(folder)).rejects.toThrow("items.jsonl, line 1: regions.0: counts must add up");
});

describe("a file of a run folder", () => {
  it.each(["run.json", "items.jsonl", "answers.jsonl"])(
    "%s is read only when it is there itself",
    async (name) => {
      const { root, write } = await place();
      const folder = await write("images/0.png");
      await rename(join(folder, name), join(root, name));
      await symlink(`../${name}`, join(folder, name));
      const refused = `run folder ${folder}: ${name} cannot be read: ${name}: path must be inside ${folder}`;
      await expect(readRunFolder(folder)).rejects.toThrow(refused);
      spawnSync("mkfifo", [join(folder, "pipe")]);
      await rename(join(folder, "pipe"), join(folder, name));
      await expect(readRunFolder(folder)).rejects.toThrow("found: a pipe");
    },
  );
});

it("is written to only where its files are its own: no link is followed", async () => {
  const { root, write } = await place();
  const folder = await write("images/0.png");
  const plan = { run: { ...runOf([], []).run, items: 1 }, items: [], notices: [], prompts: "{}" };
  await rename(join(folder, "answers.jsonl"), join(root, "diary.txt"));
  await symlink("../diary.txt", join(folder, "answers.jsonl"));
  const before = await readFile(join(root, "diary.txt"), "utf8");
  await expect(openRunFolder(folder, plan)).rejects.toThrow("answers.jsonl must be a file of the folder");
  expect(await readFile(join(root, "diary.txt"), "utf8")).toBe(before);
});
