import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { loadCutOutFolder, loadPhotos } from "../../src/data/assets/folder.ts";
import { decodeImage, pictureHeader, readImage } from "../../src/hub/image/image-file.ts";
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

const only = async (folder: string) => join(folder, (await readdir(folder))[0] ?? "gone.png");

export const pictureReaders = {
  picture: {
    seeds: pictures,
    read: async ({ folder }) => readImage(await only(folder)),
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
