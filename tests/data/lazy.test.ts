import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RgbImage } from "../../src/common/image.ts";
import { refOf, refsApart } from "../../src/data/example.ts";
import { pictureCache } from "../../src/data/imagefolder/picture-cache.ts";
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

test("a cache keeps the last pictures within its bytes and decodes one picture once at a time", async () => {
  const read: string[] = [];
  const cache = pictureCache(50, async (path) => {
    read.push(path);
    return picture(1, path === "large" ? 40 : 4);
  });
  await Promise.all([cache.read("a"), cache.read("a")]);
  await cache.read("b");
  await cache.read("a"); // Now b is the oldest.
  await cache.read("c");
  expect(read).toEqual(["a", "b", "c"]);
  await cache.read("a");
  await cache.read("b");
  await cache.read("large");
  expect(cache.bytes).toBe(48);
  expect(read).toEqual(["a", "b", "c", "b", "large"]);
});

test("a failed read is not remembered", async () => {
  let fail = true;
  const cache = pictureCache(50, async () => {
    if (fail) throw new Error("busy");
    return picture(1);
  });
  await expect(cache.read("a")).rejects.toThrow("busy");
  fail = false;
  expect(await cache.read("a")).toEqual(picture(1));
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
