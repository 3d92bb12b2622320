// PNG by our own code, which pages use, against sharp's on pictures of every kind; fixtures are compared in tests/browser too.
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { pictureFacts } from "../../src/hub/image/file-facts.ts";
import { decodeImage, pictureHeader } from "../../src/hub/image/image-file.ts";
import { formatOf } from "../../src/hub/image/picture-bytes.ts";
import { decodePng } from "../../src/hub/image/png.ts";
import { toRgb, upright } from "../../src/hub/image/to-rgb.ts";

const folder = join(import.meta.dirname, "../fixtures/pictures");
const bytesOf = async (name: string) => new Uint8Array(await readFile(join(folder, name)));
const names = readdirSync(folder).filter((name) => /\.(png|jpg|webp|gif|avif)$/.test(name));

async function ours(bytes: Uint8Array<ArrayBuffer>) {
  return upright(toRgb(await decodePng(bytes)), pictureFacts(bytes, "png").orientation ?? 1);
}

describe("PNG is read as sharp reads it", () => {
  test.each(names.filter((name) => /^(?!jpeg).*\.png$/.test(name)))("%s", async (name) => {
    const bytes = await bytesOf(name);
    const wanted = await decodeImage(bytes).catch(() => undefined);
    if (wanted === undefined) await expect(ours(bytes)).rejects.toThrow();
    else expect(await ours(bytes)).toEqual({ ...wanted, data: new Uint8Array(wanted.data) });
  });

  test("pictures of any size, channels, filters and order of rows", async () => {
    const picture = fc.record({
      width: fc.integer({ min: 1, max: 40 }),
      height: fc.integer({ min: 1, max: 40 }),
      channels: fc.constantFrom(1, 2, 3, 4) as fc.Arbitrary<1 | 2 | 3 | 4>,
      progressive: fc.boolean(),
      adaptiveFiltering: fc.boolean(),
      palette: fc.boolean(),
      seed: fc.integer({ min: 1, max: 9 }),
    });
    await fc.assert(
      fc.asyncProperty(picture, async ({ width, height, channels, seed, ...options }) => {
        const data = Uint8Array.from(
          { length: width * height * channels },
          (_, i) => (i * seed + ((i * i) >> 5)) & 255,
        );
        const png = await sharp(data, { raw: { width, height, channels } }).png(options).toBuffer();
        const wanted = await decodeImage(png);
        expect(Buffer.compare((await ours(new Uint8Array(png))).data, wanted.data)).toBe(0);
      }),
      { numRuns: 150 },
    );
  });

  test("damage is an error or another picture, never anything else", async () => {
    for (const name of ["interlaced.png", "palette-alpha.png", "rgba-16.png", "turned-6.png"]) {
      const bytes = await bytesOf(name);
      for (let at = 8; at < bytes.length; at++) {
        const damaged = bytes.slice();
        damaged[at] ^= 0x55;
        const end = await ours(damaged).catch((error) => error);
        if (end instanceof Error) expect(end.message).toMatch(/cut off|16-bit/);
      }
    }
  });
});

describe("files say their size and which side is up as sharp finds it", () => {
  test.each(names.filter((name) => !/^(half|empty|text|bomb|bad-sum)/.test(name)))("%s", async (name) => {
    const bytes = await bytesOf(name);
    const { width, height, orientation } = await pictureHeader(bytes);
    const facts = pictureFacts(bytes, formatOf(bytes)!);
    const stored = orientation >= 5 ? { width: height, height: width } : { width, height };
    expect({ width: facts.width, height: facts.height }).toEqual(stored);
    expect(facts.orientation ?? 1).toBe(orientation);
  });

  test.each(["half.jpg", "half.webp"])("%s is cut off, and says so", async (name) => {
    const bytes = await bytesOf(name);
    expect(() => pictureFacts(bytes, formatOf(bytes)!)).toThrow("cut off");
  });

  test("cut off anywhere, every format ends with one line", async () => {
    for (const name of names) {
      const bytes = await bytesOf(name);
      for (let length = 0; length < Math.min(bytes.length, 400); length++) {
        const part = bytes.slice(0, length);
        const format = formatOf(part);
        if (format === undefined) continue;
        try {
          pictureFacts(part, format);
        } catch (error) {
          expect((error as Error).message).toBe("a damaged file, or one that is cut off");
        }
      }
    }
  });
});
