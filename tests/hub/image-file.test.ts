import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RgbImage } from "../../src/common/image.ts";
import { loadCutOutFolder, loadPhotos } from "../../src/data/assets/folder.ts";
import { decodeImage, encodePng, pictureSize, readImage, writePng } from "../../src/hub/image/image-file.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-images-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** 3 x 2: red, green, blue / black, white, grey. */
const small: RgbImage = {
  width: 3,
  height: 2,
  data: Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 128, 128, 128),
};
const raw = (image: RgbImage) =>
  sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 } });

test("a PNG written is read back exactly, from its path and from its bytes", async () => {
  const path = join(folder, "small.png");
  await writePng(path, small);
  expect(await readImage(path)).toEqual(small);
  expect(await decodeImage(await encodePng(small))).toEqual(small);
  expect(await readdir(folder)).toEqual(["small.png"]);
});

test.each(["webp", "gif", "tiff"] as const)("%s without loss is read exactly", async (format) => {
  const bytes = await raw(small).toFormat(format, { lossless: true, compression: "none" }).toBuffer();
  expect(await decodeImage(bytes)).toEqual(small);
});

test.each(["webp", "gif", "tiff", "png"] as const)(
  "a %s that was written anew is read anew",
  async (format) => {
    const path = join(folder, `again.${format}`);
    for (const value of [10, 20]) {
      const image: RgbImage = { width: 9, height: 7, data: new Uint8Array(9 * 7 * 3).fill(value) };
      await writeFile(path, await raw(image).toFormat(format, { lossless: true }).toBuffer());
      await pictureSize(path);
      expect((await readImage(path)).data[0]).toBe(value);
    }
  },
);

test("JPEG is read within its loss", async () => {
  const plain: RgbImage = { width: 16, height: 16, data: new Uint8Array(16 * 16 * 3).fill(200) };
  const { data, width } = await decodeImage(await raw(plain).jpeg({ quality: 95 }).toBuffer());
  expect(width).toBe(16);
  for (const value of data) expect(Math.abs(value - 200)).toBeLessThanOrEqual(1);
});

test("only the first frame of a GIF is read", async () => {
  const frames = await Promise.all(
    ["#ff0000", "#0000ff"].map((background) =>
      sharp({ create: { width: 2, height: 2, channels: 3, background } })
        .png()
        .toBuffer(),
    ),
  );
  const gif = await sharp(frames, { join: { animated: true } })
    .gif()
    .toBuffer();
  expect((await sharp(gif).metadata()).pages).toBe(2);
  const image = await decodeImage(gif);
  expect([image.width, image.height, ...image.data.subarray(0, 3)]).toEqual([2, 2, 255, 0, 0]);
});

test("transparent parts stand on white", async () => {
  const rgba = Buffer.from([255, 0, 0, 0, 255, 0, 0, 255, 0, 0, 0, 51]);
  const bytes = await sharp(rgba, { raw: { width: 3, height: 1, channels: 4 } })
    .png()
    .toBuffer();
  expect([...(await decodeImage(bytes)).data]).toEqual([255, 255, 255, 255, 0, 0, 204, 204, 204]);
});

test.each([
  [6, [0, 0, 0, 255, 0, 0, 255, 255, 255, 0, 255, 0, 128, 128, 128, 0, 0, 255]],
  [3, [128, 128, 128, 255, 255, 255, 0, 0, 0, 0, 0, 255, 0, 255, 0, 255, 0, 0]],
])("EXIF orientation %d is applied", async (orientation, expected) => {
  const bytes = await raw(small).withMetadata({ orientation }).png().toBuffer();
  const image = await decodeImage(bytes);
  expect([image.width, image.height]).toEqual(orientation === 6 ? [2, 3] : [3, 2]);
  expect([...image.data]).toEqual(expected);
  const path = join(folder, `turned-${orientation}.png`);
  await writeFile(path, bytes);
  expect(await pictureSize(path)).toEqual({ width: image.width, height: image.height });
});

test.each([
  ["grey", 1],
  ["grey and alpha", 2],
] as const)("%s becomes three channels", async (_, channels) => {
  const data = channels === 1 ? Buffer.from([10, 200]) : Buffer.from([10, 255, 200, 0]);
  const bytes = await sharp(data, { raw: { width: 2, height: 1, channels } })
    .toColourspace("b-w")
    .png()
    .toBuffer();
  expect((await sharp(bytes).metadata()).channels).toBe(channels);
  const last = channels === 1 ? 200 : 255;
  expect([...(await decodeImage(bytes)).data]).toEqual([10, 10, 10, last, last, last]);
});

test("16 bits a channel become 8", async () => {
  const data = Uint16Array.of(0, 65535, 32896);
  const bytes = await sharp(data, { raw: { width: 1, height: 1, channels: 3 } })
    .toColourspace("rgb16")
    .png()
    .toBuffer();
  expect((await sharp(bytes).metadata()).depth).toBe("ushort");
  expect([...(await decodeImage(bytes)).data]).toEqual([0, 255, 128]);
});

test("what is not a picture is refused by name", async () => {
  const missing = join(folder, "missing.png");
  await expect(readImage(missing)).rejects.toThrow(`image ${missing}: expected a picture file, found: `);
  const text = join(folder, "text.png");
  await writeFile(text, "no picture");
  await expect(readImage(text)).rejects.toThrow(`image ${text}: expected a picture file, found: `);
  const noise: RgbImage = {
    width: 64,
    height: 64,
    data: Uint8Array.from({ length: 12288 }, (_, i) => (i * i) % 251),
  };
  const cut = (await encodePng(noise)).subarray(0, 500);
  await expect(decodeImage(cut)).rejects.toThrow("image 500 bytes: expected a picture file, found: ");
});

test("a small file that says it is very wide is refused before anything is decoded", async () => {
  const bytes = Buffer.from(await encodePng(small));
  bytes.writeUInt32BE(16_777_000, 16); // IHDR's width, and its sum.
  bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29);
  const said =
    "image wide.png: expected a picture file, found: 16777000 x 2 pixels, and a side has at most 131072";
  await expect(decodeImage(bytes, "wide.png")).rejects.toThrow(said);
  const photos = join(folder, "photos");
  await mkdir(photos);
  await writeFile(join(photos, "wide.png"), bytes);
  await expect(loadPhotos(photos)).rejects.toThrow("16777000 x 2 pixels");
  await expect(loadCutOutFolder(photos)).rejects.toThrow("16777000 x 2 pixels");
});
