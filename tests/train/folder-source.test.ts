import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { heldOutOf } from "../../src/data/held-out.ts";
import { folderSource } from "../../src/train/folder-source.ts";
import { inTemporaryFolder, tinyConfig } from "./support.ts";

const oneClass = async () => 0;

/** `count` rows; only the pictures named exist. */
async function folderOf(folder: string, count: number, pictures: readonly number[]) {
  await mkdir(folder, { recursive: true });
  const rows = Array.from({ length: count }, (_, i) => ({
    file_name: `${i}.png`,
    questions: [1, 2].map((n) => ({ question: `question ${n} ?`, answer: `answer ${i}` })),
  }));
  await writeFile(join(folder, "metadata.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  for (const i of pictures) {
    const background = { r: i, g: 0, b: 0 };
    await sharp({ create: { width: 8, height: 4, channels: 3, background } }).toFile(
      join(folder, `${i}.png`),
    );
  }
}

describe("heldOutOf", () => {
  it("takes the last twentieth of the pictures, rounded down", () => {
    const names = (count: number) => Array.from({ length: count }, (_, i) => `${i}`);
    expect([...heldOutOf(names(19))]).toEqual([]);
    expect([...heldOutOf(names(20))]).toEqual(["19"]);
    expect([...heldOutOf(names(59))]).toEqual(["57", "58"]);
  });

  it("counts a picture once, however many examples show it", () => {
    const pictures = Array.from({ length: 100 }, (_, i) => `${Math.floor(i / 5)}`);
    expect([...heldOutOf(pictures)]).toEqual(["19"]);
  });
});

describe("the examples of a folder", () => {
  it("are read when their batch is made, and no others", () =>
    inTemporaryFolder(async (folder) => {
      await folderOf(folder, 5000, []);
      const source = await folderSource(tinyConfig(), folder, false);
      expect(source.folder?.training).toHaveLength(4750);
      expect(source.sample.length).toBeLessThan(1100);
      await expect(source.batch(0, 0, oneClass)).rejects.toThrow(/\d+\.png/);
    }));

  it("are held out by picture, also where each question is a row of its own", () =>
    inTemporaryFolder(async (folder) => {
      await folderOf(folder, 20, [19]);
      const { folder: data, evaluation } = await folderSource(tinyConfig(), folder, true);
      expect(data?.training).toHaveLength(38);
      expect(data?.evaluated.map(({ id }) => id)).toEqual(["19.png", "19.png"]);
      expect(data?.heldOut.heldOut).toEqual(["19.png"]);
      const [first, second] = await evaluation(0, oneClass);
      expect([first, second].map(({ questions }) => questions.map(({ question }) => question))).toEqual([
        ["question 1 ?"],
        ["question 2 ?"],
      ]);
      expect(first.image.data[0]).toBe(19);
    }));

  it("are evaluated themselves where there are too few, and not at all where another folder is named", () =>
    inTemporaryFolder(async (folder) => {
      const [own, other] = [join(folder, "own"), join(folder, "other")];
      await folderOf(own, 6, []);
      await folderOf(other, 3, []);
      const few = await folderSource(tinyConfig(), own, false);
      expect(few.folder?.heldOut.heldOut).toEqual([]);
      expect(few.folder?.evaluated).toHaveLength(6);
      const two = await folderSource(tinyConfig({ data: { evalFolder: other } }), own, false);
      expect([two.folder?.training.length, two.folder?.evaluated.length]).toEqual([6, 3]);
    }));

  it("are those of the split train, evaluated on validation, of a folder that has splits; notices are kept", () =>
    inTemporaryFolder(async (folder) => {
      await folderOf(join(folder, "train"), 40, []);
      await folderOf(join(folder, "val"), 3, [1]);
      const { folder: data, evaluation } = await folderSource(tinyConfig(), folder, false);
      expect([data?.training.length, data?.evaluated.length, data?.heldOut.heldOut]).toEqual([40, 3, []]);
      expect(data?.evaluated.map(({ id }) => id)).toEqual(["val/0.png", "val/1.png", "val/2.png"]);
      await expect(evaluation(0, oneClass)).rejects.toThrow("val/");
      const line = { file_name: "1.png", note: "x", question: "q", answer: "a" };
      await writeFile(join(folder, "val/metadata.jsonl"), JSON.stringify(line));
      const noted = await folderSource(tinyConfig(), folder, false);
      expect(noted.folder?.notices.join()).toContain("columns that are not read: note");
    }));
});
