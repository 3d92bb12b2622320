import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cacheFigures } from "../../src/common/bounded-cache.ts";
import type { RgbImage } from "../../src/common/image.ts";
import { refOf, refsApart } from "../../src/data/example.ts";
import { readExampleRefs } from "../../src/data/imagefolder/read.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-lazy-"));
});
afterAll(() => rm(folder, { recursive: true }));

const picture = (value: number, width = 4, height = 2): RgbImage => ({
  width,
  height,
  data: new Uint8Array(width * height * 3).fill(value),
});

test("opening reads no picture; a missing one is an error of its own example", async () => {
  const data = join(folder, "data");
  await mkdir(data);
  const rows = ["a.png", "gone.png"].map((file_name) =>
    JSON.stringify({ file_name, question: "q", answer: "a" }),
  );
  await writeFile(join(data, "metadata.jsonl"), rows.join("\n"));
  await sharp({ create: { width: 3, height: 2, channels: 3, background: "#ff0000" } })
    .withMetadata({ orientation: 6 })
    .png()
    .toFile(join(data, "a.png"));
  const [first, gone] = await readExampleRefs(data);
  expect([first.id, first.questions[0].answer]).toEqual(["a.png", "a"]);
  expect(await first.size()).toEqual({ width: 2, height: 3 });
  const { image } = await first.load();
  expect([image.width, image.height]).toEqual([2, 3]);
  await expect(gone.load()).rejects.toThrow("gone.png");
});

test("a picture is decoded once for several questions, and pictures are kept within bytes", async () => {
  const data = join(folder, "kept");
  await mkdir(data);
  const rows = Array.from({ length: 12 }, (_, i) => ({
    file_name: `${i % 10}.png`,
    id: `${i}`,
    question: "q",
    answer: "a",
  }));
  await writeFile(join(data, "metadata.jsonl"), rows.map((row) => JSON.stringify(row)).join("\n"));
  const side = 2300; // Ten of them are 151 MiB.
  for (let i = 0; i < 10; i++)
    await sharp({ create: { width: side, height: side, channels: 3, background: { r: i, g: 0, b: 0 } } })
      .png({ compressionLevel: 1 })
      .toFile(join(data, `${i}.png`));
  const refs = await readExampleRefs(data);
  const [before] = cacheFigures().filter(({ name }) => name === "pictures");
  const [first, again] = await Promise.all([refs[0].load(), refs[10].load()]);
  expect(again.image).toBe(first.image);
  for (const ref of refs) await ref.load();
  const [after] = cacheFigures().filter(({ name }) => name === "pictures");
  expect(after.bytes).toBeLessThanOrEqual(after.maxBytes as number);
  expect(after.dropped - before.dropped).toBeGreaterThanOrEqual(2);
});

test("an example in memory and its questions apart", async () => {
  const question = (answer: string) => ({ task: "open", question: "q", answer, regions: [] });
  const example = { id: "x", image: picture(7), questions: [question("a"), question("b")], concepts: [] };
  const ref = refOf(example);
  expect(await ref.size()).toEqual({ width: 4, height: 2 });
  const apart = await Promise.all(refsApart(ref).map((one) => one.load()));
  expect(apart.map(({ questions }) => questions.map(({ answer }) => answer))).toEqual([["a"], ["b"]]);
  expect(apart[1].image).toBe(example.image);
});
