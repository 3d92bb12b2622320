import { spawnSync } from "node:child_process";
import { link, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadCutOutFolder, loadPhotos } from "../../src/data/assets/folder.ts";
import { sharp } from "../../src/hub/image/decoders.ts";
import {
  decodeImage,
  encodePng,
  pictureHeader,
  readImage,
  writePng,
} from "../../src/hub/image/image-file.ts";

/** Pictures that strangers send: SVG that draws its neighbours, formats that nobody named, and what is no file. */
let folder: string;
const red = {
  width: 8,
  height: 8,
  data: Uint8Array.from({ length: 192 }, (_, i) => (i % 3 === 0 ? 255 : 0)),
};

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "fovea-strange-")));
  await writePng(join(folder, "secret.png"), red);
});
afterAll(() => rm(folder, { recursive: true }));

const svg = (inner: string, head = "") =>
  `${head}<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="8" height="8">${inner}</svg>`;
const drawing = (address: string) =>
  svg(`<image href="${address}" xlink:href="${address}" width="8" height="8"/>`);

const drawings = {
  "a neighbour": drawing("secret.png"),
  "a neighbour, behind a mark": `\ufeff${drawing("secret.png")}`,
  "a neighbour, behind a declaration": `<?xml version="1.0"?>\n${drawing("./secret.png")}`,
  "a neighbour, behind white space": `\n\n \t${drawing("secret.png")}`,
  "a neighbour, behind a comment": `<!-- PNG -->${drawing("secret.png")}`,
  "an entity": svg("<text>&x;</text>", `<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/hostname">]>`),
  "an inclusion": svg(
    `<g xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="secret.txt" parse="text"/></g>`,
  ),
  "a style": svg(
    `<style>@import url("secret.css");rect{fill:url(secret.png)}</style><rect width="8" height="8"/>`,
  ),
  "an address": drawing("http://127.0.0.1:9/secret.png"),
};

describe("an SVG that is called a picture", () => {
  it.each(Object.entries(drawings))("with %s is refused, as a file and from memory", async (_, text) => {
    const path = join(folder, "evil.png");
    await writeFile(path, text);
    const said = "expected a picture file, found: an SVG, which is not read; save it as PNG";
    await expect(readImage(path)).rejects.toThrow(`image ${path}: ${said}`);
    await expect(pictureHeader(path)).rejects.toThrow(said);
    await expect(decodeImage(Buffer.from(text))).rejects.toThrow(said);
  });

  it("is no cut-out and no background", async () => {
    const own = join(folder, "cut-outs");
    await mkdir(own);
    await writeFile(join(own, "cat.png"), drawing("../secret.png"));
    for (const load of [loadCutOutFolder, loadPhotos])
      await expect(load(own)).rejects.toThrow("picture cat.png cannot be read");
  });

  it("reaches no other file where drawings of ours are drawn, and no decoder takes it from a file", async () => {
    const pixel = async (text: string) => [
      ...(await sharp(Buffer.from(text)).flatten({ background: "#ffffff" }).raw().toBuffer()).subarray(0, 3),
    ];
    expect(await pixel(svg(`<rect width="8" height="8" fill="#0000ff"/>`))).toEqual([0, 0, 255]);
    for (const at of ["secret.png", join(folder, "secret.png"), `file://${join(folder, "secret.png")}`])
      expect(await pixel(drawing(at))).toEqual([255, 255, 255]);
    await writeFile(join(folder, "evil.png"), drawing("secret.png"));
    await expect(sharp(join(folder, "evil.png")).raw().toBuffer()).rejects.toThrow("unsupported");
  });
});

describe("what is no picture that we read", () => {
  const others: Readonly<Record<string, string | Buffer>> = {
    PDF: "%PDF-1.7\n",
    "Git LFS": "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n",
    "a web page": "<!DOCTYPE html><html></html>",
    "formats png": gzipSync(drawing("secret.png")),
    "of the formats": Buffer.concat([Buffer.from([0xb6, 0xa6, 0xf2, 0x08]), Buffer.alloc(100)]), // .v of libvips
    "an empty file": "",
  };
  it.each(Object.entries(others))("is called by its name: %s", async (name, bytes) => {
    const path = join(folder, "other.png");
    await writeFile(path, bytes);
    await expect(readImage(path)).rejects.toThrow(name);
    await expect(decodeImage(Buffer.from(bytes))).rejects.toThrow(name);
  });

  it("is refused where it is no file, at once", async () => {
    spawnSync("mkfifo", [join(folder, "pipe.png")]);
    await symlink("pipe.png", join(folder, "way.png"));
    await mkdir(join(folder, "folder.png"));
    const said = {
      "pipe.png": "a pipe",
      "way.png": "a pipe",
      "folder.png": "a folder",
      "none.png": "no such file",
    };
    for (const [name, found] of Object.entries(said)) {
      await expect(readImage(join(folder, name))).rejects.toThrow(`found: ${found}`);
      await expect(pictureHeader(join(folder, name))).rejects.toThrow(`found: ${found}`);
    }
    await expect(readImage("/dev/zero")).rejects.toThrow("found: a device");
  });

  it("is refused in a folder of cut-outs that links to pictures outside", async () => {
    const own = join(folder, "linked");
    await mkdir(own);
    await link(join(folder, "secret.png"), join(own, "dog.png"));
    expect(await loadCutOutFolder(own)).toHaveLength(1);
    await symlink("../secret.png", join(own, "cat.png"));
    await expect(loadCutOutFolder(own)).rejects.toThrow("cat.png: path must be inside");
  });
});

describe("a picture", () => {
  it.each(["png", "jpeg", "webp", "gif", "tiff", "avif"] as const)(
    "of the format %s is read",
    async (format) => {
      const bytes = await sharp(Buffer.from(await encodePng(red)))
        [format]()
        .toBuffer();
      const path = join(folder, "named.bin");
      await writeFile(path, bytes);
      expect((await pictureHeader(path)).format).toBe(format);
      expect((await readImage(path)).data[0]).toBeGreaterThan(250);
      expect((await decodeImage(bytes)).data[0]).toBeGreaterThan(250);
    },
  );
});
