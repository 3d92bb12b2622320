import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { heldOutOf } from "../../src/data/held-out.ts";
import { folderSource } from "../../src/train/batches/folder-source.ts";
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
  const names = (count: number) => Array.from({ length: count }, (_, i) => `${i}`);

  it("takes a twentieth of many pictures, a fifth of few, none of fewer than five", () => {
    const counts = [4, 5, 30, 79, 80, 320, 399, 1000].map((count) => heldOutOf(names(count)).size);
    expect(counts).toEqual([0, 1, 6, 15, 16, 16, 19, 50]);
  });

  it("takes the same ones whatever their order, from everywhere", () => {
    const held = heldOutOf(names(100));
    expect(heldOutOf(names(100).reverse())).toEqual(held);
    const tens = new Set([...held].map((name) => Math.floor(Number(name) / 10)));
    expect(tens.size).toBeGreaterThan(5);
  });

  it("counts a picture once, however many examples show it", () => {
    const pictures = Array.from({ length: 100 }, (_, i) => `${Math.floor(i / 5)}`);
    expect(heldOutOf(pictures)).toEqual(heldOutOf(names(20)));
    expect(heldOutOf(pictures).size).toBe(4);
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
      const [held] = heldOutOf(Array.from({ length: 6 }, (_, i) => `${i}.png`));
      await folderOf(folder, 6, [Number.parseInt(held, 10)]);
      const { folder: data, evaluation } = await folderSource(tinyConfig(), folder, true);
      expect(data?.training).toHaveLength(10);
      expect(data?.evaluated.map(({ id }) => id)).toEqual([held, held]);
      expect(data?.heldOut.heldOut).toEqual([held]);
      const [first, second] = await evaluation(0, oneClass);
      expect([first, second].map(({ questions }) => questions.map(({ question }) => question))).toEqual([
        ["question 1 ?"],
        ["question 2 ?"],
      ]);
      expect(first.image.data[0]).toBe(Number.parseInt(held, 10));
    }));

  it("are evaluated themselves where there are too few, and not at all where another folder is named", () =>
    inTemporaryFolder(async (folder) => {
      const [own, other] = [join(folder, "own"), join(folder, "other")];
      await folderOf(own, 4, []);
      await folderOf(other, 3, []);
      const few = await folderSource(tinyConfig(), own, false);
      expect(few.folder?.heldOut.heldOut).toEqual([]);
      expect(few.folder?.evaluated).toHaveLength(4);
      const two = await folderSource(tinyConfig({ data: { evalFolder: other } }), own, false);
      expect([two.folder?.training.length, two.folder?.evaluated.length]).toEqual([4, 3]);
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
