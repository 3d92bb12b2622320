// What Pillow and transformers make of the same files: tests/fixtures/pictures, with the script that made them.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { decodeImage, pictureHeader, readImage } from "../../src/hub/image/image-file.ts";

const folder = join(import.meta.dirname, "../fixtures/pictures");
type Expected = { error: string } | { mode: string; width: number; height: number; rgb: string };
const expected: Record<string, Expected> = JSON.parse(await readFile(join(folder, "expected.json"), "utf8"));

const entries = Object.entries(expected);
const read = entries.flatMap(([name, wanted]) => ("error" in wanted ? [] : [{ name, wanted }]));
const refused = entries.flatMap(([name, wanted]) => ("error" in wanted ? [name] : []));

/** Pictures that Pillow reads and this project does not, with the reason that is given. */
const refusedHere: Readonly<Record<string, RegExp>> = {
  "grey-16.png": /16-bit grey with values above 255, which Python's processors see as white/,
  "grey-16.tif": /16-bit grey with values above 255/,
  "float.tif": /1 channels B-W of type float; save it as grey or RGB of 8 bits/,
  "lab.tif": /found: /,
  "picture.bmp": /a BMP, which is not read; save it as PNG/,
};

/** The largest difference from Pillow where another decoder is used. */
const tolerance: Readonly<Record<string, number>> = { "picture.avif": 16 };

describe("a picture is what Pillow and transformers make of it", () => {
  test.each(read.filter(({ name }) => !(name in refusedHere)))("$name", async ({ name, wanted }) => {
    const path = join(folder, name);
    const image = await readImage(path);
    const { width, height } = await pictureHeader(path);
    expect([image.width, image.height]).toEqual([wanted.width, wanted.height]);
    expect([width, height]).toEqual([wanted.width, wanted.height]);
    const rgb = inflateSync(Buffer.from(wanted.rgb, "base64"));
    expect(image.data.length).toBe(rgb.length);
    const largest = image.data.reduce((most, value, i) => Math.max(most, Math.abs(value - rgb[i])), 0);
    expect(largest).toBeLessThanOrEqual(tolerance[name] ?? 0);
    const bytes = await readFile(path);
    expect(Buffer.compare((await decodeImage(bytes)).data, image.data)).toBe(0);
  });
});

describe("what cannot be read is refused in one line that names the file", () => {
  test.each([...refused, ...Object.keys(refusedHere)])("%s", async (name) => {
    const path = join(folder, name);
    const error: Error = await readImage(path).then(
      () => expect.fail("was read"),
      (caught) => caught,
    );
    expect(error.name).toBe("UserError");
    expect(error.message.startsWith(`image ${path}: expected a picture file, found: `)).toBe(true);
    expect(error.message).not.toContain("\n");
    expect(error.message).toMatch(refusedHere[name] ?? /found: ./);
    await expect(decodeImage(await readFile(path), "x")).rejects.toThrow("image x: expected a picture file");
  });

  test.each([
    ["empty.png", "an empty file"],
    ["no-such.png", "no such file"],
    [".", "a folder"],
    ["bomb.png", "Input image exceeds pixel limit"],
  ])("%s: %s", async (name, found) => {
    await expect(readImage(join(folder, name))).rejects.toThrow(`found: ${found}`);
  });
});
