import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { loadCutOutFolder, loadPhotos } from "../../src/data/assets/folder.ts";
import { pictureFacts } from "../../src/hub/image/file-facts.ts";
import { decodeImage, pictureHeader, readImage } from "../../src/hub/image/image-file.ts";
import { checkSize, formatOf } from "../../src/hub/image/picture-bytes.ts";
import { readPictureBytes } from "../../src/hub/image/picture-file.ts";
import { decodePng } from "../../src/hub/image/png.ts";
import { toRgb } from "../../src/hub/image/to-rgb.ts";
import type { Reader, Seed } from "../reader.ts";
import { fixture, fixtureFolder, json, seedOf, text } from "./files.ts";

/** Every picture of the tests that is read; some are there because they are refused. */
async function pictures(): Promise<readonly Seed[]> {
  const seeds: Seed[] = [];
  for (const [name, bytes] of Object.entries(fixtureFolder("pictures", /\.(?:json|py)$/)))
    if (await isRead(bytes)) seeds.push({ files: { [name]: bytes } });
  return seeds;
}

function isRead(bytes: Uint8Array): Promise<boolean> {
  return decodeImage(bytes).then(
    () => true,
    () => false,
  );
}

/** What a page reads by our own code: sizes of all formats, pixels of PNG. */
async function inPage(bytes: Uint8Array<ArrayBuffer>) {
  const format = formatOf(bytes) ?? "tiff";
  const facts = pictureFacts(bytes, format);
  checkSize(facts);
  return format === "png" ? toRgb(await decodePng(bytes)) : facts;
}

const only = async (folder: string) => join(folder, (await readdir(folder))[0] ?? "gone.png");

export const pictureReaders = {
  picture: {
    seeds: pictures,
    read: async ({ folder }) => readImage(await only(folder)),
  },
  "picture-page": {
    seeds: async () => (await pictures()).filter(({ files }) => !/\.tif$/.test(Object.keys(files)[0])),
    read: async ({ folder }) => inPage(new Uint8Array(await readPictureBytes(await only(folder)))),
    refusal: (error) => (error instanceof Error ? error.message : undefined),
  },
  "picture-header": {
    seeds: pictures,
    read: async ({ folder }) => pictureHeader(await only(folder)),
  },
  "cut-outs": {
    seeds: async () => [
      seedOf({
        "cat/1.png": fixture("pictures/every-alpha.png"),
        "cat/2.webp": fixture("pictures/alpha.webp"),
        "dog.png": fixture("pictures/grey-alpha.png"),
        "dog.txt": text("a dog, sitting\n"),
      }),
      seedOf({ "names.json": json({ "a.png": "cat" }), "a.png": fixture("pictures/every-alpha.png") }),
    ],
    read: ({ folder }) => loadCutOutFolder(folder),
  },
  photos: {
    seeds: async () => [
      { files: { "a.jpg": fixture("pictures/420.jpg"), "b.png": fixture("pictures/rgb.png") } },
    ],
    read: ({ folder }) => loadPhotos(folder),
  },
} as const satisfies Record<string, Reader>;
