// A page's pictures are those of Node, which are Pillow's: tests/hub/pictures.test.ts.
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeImage } from "../../src/hub/image/image-file.ts";
import { type OpenedPage, openPage } from "./harness.ts";
import type { Decoded } from "./pictures-page.ts";

const folder = join(import.meta.dirname, "../fixtures/pictures");
const names = readdirSync(folder).filter((name) => /\.(png|jpg|webp|gif|avif|tif|bmp)$/.test(name));

/** The largest difference where Chromium's decoder is another than Node's. PNG is always the same. */
const tolerance: Readonly<Record<string, number>> = { "cmyk.jpg": 1, "ycck.jpg": 1, "picture.avif": 16 };

let opened: OpenedPage;
beforeAll(async () => {
  opened = await openPage({ entry: join(import.meta.dirname, "pictures-page.ts") });
});
afterAll(() => opened?.close());

async function inPage(name: string): Promise<Decoded> {
  const base64 = await readFile(join(folder, name), "base64");
  return opened.page.evaluate(([base64, name]) => globalThis.decoded(base64, name), [base64, name] as const);
}

describe("a page sees the pixels that Node sees", () => {
  test.each(names)("%s", async (name) => {
    const here = await decodeImage(await readFile(join(folder, name)), name).catch((error: Error) => error);
    const there = await inPage(name);
    if (here instanceof Error || name.endsWith(".tif")) {
      const tiff = "found: a TIFF, which a page does not read; save it as PNG";
      expect(there).toEqual({ error: expect.stringMatching(/^image .*: expected a picture file, found: ./) });
      expect("error" in there && there.error).toContain(name.endsWith(".tif") ? tiff : name);
      return;
    }
    if ("error" in there) throw new Error(there.error);
    expect([there.width, there.height]).toEqual([here.width, here.height]);
    const data = Buffer.from(there.base64, "base64");
    expect(data.length).toBe(here.data.length);
    const largest = data.reduce((most, value, i) => Math.max(most, Math.abs(value - here.data[i])), 0);
    expect(largest).toBeLessThanOrEqual(tolerance[name] ?? 0);
  });
});
