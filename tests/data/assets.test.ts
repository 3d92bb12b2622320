import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { conceptWords } from "../../src/data/assets/concepts.ts";
import { loadPhotos, nameOfCaption, nameOfFile } from "../../src/data/assets/folder.ts";
import { loadCutOuts, type Split, splitItems, splits } from "../../src/data/assets/load.ts";
import { moreCodePoints } from "../../src/data/assets/more-drawings.ts";
import { stampSets } from "../../src/data/assets/stamps.ts";
import { sceneComposer } from "../../src/data/scenes/compose.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-assets-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A 20 x 10 picture whose middle 8 x 4 pixels show, in a colour. */
async function picture(path: string, colour = "#ff0000"): Promise<void> {
  const middle = { create: { width: 8, height: 4, channels: 4 as const, background: colour } };
  const input = await sharp(middle).png().toBuffer();
  await sharp({ create: { width: 20, height: 10, channels: 4, background: "#00000000" } })
    .composite([{ input, left: 6, top: 3 }])
    .png()
    .toFile(path);
}

async function subfolder(name: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, "deep"), { recursive: true });
  return path;
}

describe("emoji cut-outs", () => {
  it("have a picture of every concept word in every style", async () => {
    expect(conceptWords().length).toBeGreaterThanOrEqual(80);
    for (const style of ["fluent-3d", "fluent-flat", "noto", "twemoji", "openmoji"]) {
      const { names } = await loadCutOuts({ sources: [style] });
      expect(names).toEqual(conceptWords());
    }
  });

  it("are the words that a hand drew, where it drew some alone", async () => {
    const undrawn = async (style: string) => {
      const { names } = await loadCutOuts({ sources: [style] });
      return conceptWords(64).filter((word) => !names.includes(word));
    };
    expect(await undrawn("emojione")).toEqual([
      ...["parrot", "flamingo", "zebra", "giraffe", "broccoli", "cupcake"],
    ]);
    const notByMozilla = await undrawn("fxemoji");
    expect(notByMozilla).toEqual(expect.arrayContaining(["apple", "star", "rainbow", "volcano"]));
    expect(notByMozilla).not.toContain("cat");
  });

  it("are further drawings of a word, by other code points, after a style's name", async () => {
    const { names, pictures } = await loadCutOuts({
      sources: ["noto", "noto-more"],
      names: ["cat", "frog", "globe"],
    });
    expect(names).toEqual(["cat", "frog", "globe"]);
    const of = (name: string) => pictures.get(name)!.map(({ picture }) => picture);
    expect(of("cat")).toEqual(["noto/1f408", "noto/1f431"]);
    expect(of("frog")).toEqual(["noto/1f438"]);
    expect(of("globe")).toEqual(["noto/1f30e", "noto/1f30d", "noto/1f30f"]);
    for (const word of Object.keys(moreCodePoints)) expect(conceptWords()).toContain(word);
  });

  it("are names of one word, the first so many on request", async () => {
    for (const word of conceptWords()) expect(word).toMatch(/^[a-z]+$/);
    const { names, pictures } = await loadCutOuts({ names: 3 });
    expect(names).toEqual(conceptWords(3));
    expect([...pictures.keys()]).toEqual(names);
    expect((await loadCutOuts({ names: ["whale", "cat"] })).names).toEqual(["whale", "cat"]);
  });

  it("add up over styles, so that a split can hold one style out", async () => {
    const both = { sources: ["fluent-3d", "noto"], names: ["cat"] };
    const picturesOf = async (split?: Split) =>
      (await loadCutOuts({ ...both, ...(split && { split }) })).pictures
        .get("cat")!
        .map(({ picture }) => picture);
    const [train, validation, test] = await Promise.all(splits.map(picturesOf));
    expect(await picturesOf()).toHaveLength(2);
    expect(train).toHaveLength(1);
    expect(test).toEqual(validation);
    expect(test).not.toEqual(train);
  });
});

describe("a folder of cut-outs", () => {
  it("takes names from captions, else from file names, at any depth", async () => {
    const path = await subfolder("stamps");
    await picture(join(path, "deep", "frog-1.png"));
    await picture(join(path, "deep", "frog.png"));
    await picture(join(path, "img_0042.png"));
    await picture(join(path, "polar_bear.png"));
    await writeFile(join(path, "img_0042.txt"), "A red apple.\nde.utf8=Ein roter Apfel.\n");
    const { names, pictures } = await loadCutOuts({ sources: [path] });
    expect([...names].sort()).toEqual(["frog", "polar bear", "red apple"]);
    expect(pictures.get("frog")!.map((cutOut) => cutOut.picture)).toEqual([
      "deep/frog-1.png",
      "deep/frog.png",
    ]);
  });

  it("trims pictures to what shows and multiplies colour by alpha", async () => {
    const path = await subfolder("trim");
    await picture(join(path, "block.png"), "#ff000080");
    const [level, half] = (await loadCutOuts({ sources: [path] })).pictures.get("block")![0].levels;
    expect([level.width, level.height, half.width, half.height]).toEqual([8, 4, 4, 2]);
    expect([...level.data.subarray(0, 4)]).toEqual([128, 0, 0, 128]);
    expect([...half.data.subarray(0, 4)]).toEqual([128, 0, 0, 128]);
  });

  it("takes names.json, as an object or as a list, for its word", async () => {
    const path = await subfolder("listed");
    await picture(join(path, "1.png"));
    await picture(join(path, "deep", "2.png"));
    await writeFile(join(path, "names.json"), JSON.stringify({ "1.png": "cat", "deep/2.png": "dog" }));
    expect((await loadCutOuts({ sources: [path] })).names).toEqual(["cat", "dog"]);
    await writeFile(join(path, "names.json"), JSON.stringify([{ file: "deep/2.png", name: "owl" }]));
    expect((await loadCutOuts({ sources: [path] })).names).toEqual(["owl"]);
    await writeFile(join(path, "names.json"), JSON.stringify([{ file: "deep/2.png" }]));
    await expect(loadCutOuts({ sources: [path] })).rejects.toThrow(
      /names.json must map picture files to names/,
    );
  });

  it("says what is wrong", async () => {
    const path = await subfolder("wrong");
    const load = (change: object = {}) => loadCutOuts({ sources: [path], ...change });
    await expect(load()).rejects.toThrow("one that holds PNG or WebP pictures");
    await expect(load({ sources: [join(path, "none")] })).rejects.toThrow(
      "an existing folder or fluent-3d or",
    );
    await writeFile(join(path, "broken.png"), "not a picture");
    await expect(load()).rejects.toThrow("picture broken.png cannot be read");
    await rm(join(path, "broken.png"));
    await sharp({ create: { width: 9, height: 9, channels: 4, background: "#00000000" } })
      .png()
      .toFile(join(path, "empty.png"));
    await expect(load()).rejects.toThrow("cut-out empty.png: every pixel is transparent");
    await expect(loadCutOuts({ names: ["yeti"] })).rejects.toThrow(
      'name must be one that has a picture, got "yeti"',
    );
  });
});

describe("names", () => {
  it.each([
    ["A frog.", "frog"],
    ["The old house!\nmore", "old house"],
    ["An octopus, in the sea", "octopus"],
    ["Penguins are winning the game", undefined],
    ["", undefined],
  ])("of the caption %j: %j", (caption, name) => expect(nameOfCaption(caption)).toBe(name));

  it.each([
    ["birds/frog-1.png", "frog"],
    ["polar_bear.png", "polar bear"],
    ["0042.png", "0042"],
  ])("of the file %j: %j", (file, name) => expect(nameOfFile(file)).toBe(name));
});

describe("splits", () => {
  it("part a list for good, whatever its order", () => {
    const items = Array.from({ length: 30 }, (_, i) => `p${i}`);
    const parts = splits.map((split) => splitItems(items, (item) => item, split));
    expect(parts.map(({ length }) => length)).toEqual([24, 3, 3]);
    expect(parts.flat().sort()).toEqual([...items].sort());
    expect(splitItems(items.toReversed(), (item) => item, "test")).toEqual(parts[2]);
    for (const split of splits) expect(splitItems(["one"], (item) => item, split)).toEqual(["one"]);
  });
});

describe("photos", () => {
  it("fill the background, whatever their shape", async () => {
    const path = await subfolder("photos");
    const colours = { "wide.jpg": "#30a030", "deep/high.webp": "#3030a0" };
    for (const [file, background] of Object.entries(colours)) {
      const [width, height] = file.startsWith("wide") ? [301, 90] : [77, 333];
      await sharp({ create: { width, height, channels: 3, background } }).toFile(join(path, file));
    }
    const photos = await loadPhotos(path);
    expect(photos).toHaveLength(2);
    const cutOuts = await loadCutOuts({ names: 2 });
    const compose = sceneComposer({ cutOuts, photos }, { size: 48, objects: [1, 1], noise: 0 });
    for (let i = 0; i < 20; i++) {
      const { image, objects } = compose(1, i);
      const [x0, y0, x1, y1] = objects[0].box;
      for (let p = 0; p < 48 * 48; p++) {
        const [x, y] = [p % 48, Math.floor(p / 48)];
        if (x >= x0 - 2 && x < x1 + 2 && y >= y0 - 2 && y < y1 + 2) continue;
        const [red, green, blue] = image.data.subarray(p * 3, p * 3 + 3);
        expect(Math.abs(red - 0x30)).toBeLessThan(4);
        expect(Math.abs(green + blue - 0xa0 - 0x30)).toBeLessThan(6);
      }
    }
  });

  it("must be there", async () => {
    await expect(loadPhotos(join(folder, "nowhere"))).rejects.toThrow(
      "backgrounds: folder must be an existing folder",
    );
    await expect(loadPhotos(await subfolder("none"))).rejects.toThrow(
      "one that holds JPEG, PNG or WebP photos",
    );
  });
});

describe("stamps", () => {
  const files = Object.values(stampSets).flatMap((set) => Object.values<readonly string[]>(set).flat());

  it("show concept words, each file one", () => {
    for (const set of Object.values(stampSets))
      for (const word of Object.keys(set)) expect(conceptWords()).toContain(word);
    expect(new Set(files).size).toBe(files.length);
    expect(
      Object.keys(stampSets["tuxpaint-photos"]).filter((word) => conceptWords(64).includes(word)),
    ).toHaveLength(33);
  });

  it("are read from where they are installed", async () => {
    const stamps = await subfolder("stamps");
    for (const file of stampSets["tuxpaint-photos"].frog) {
      await mkdir(join(stamps, file, ".."), { recursive: true });
      await picture(join(stamps, file));
    }
    process.env.FOVEA_TUXPAINT_STAMPS = stamps;
    try {
      const { names, pictures } = await loadCutOuts({ sources: ["tuxpaint-photos"], names: ["frog"] });
      expect(names).toEqual(["frog"]);
      expect(pictures.get("frog")![0].picture).toBe("tuxpaint-photos/animals/amphibians/frog.png");
      await expect(loadCutOuts({ sources: ["tuxpaint-photos"], names: ["owl"] })).rejects.toThrow(
        /lacks animals\/birds\/owl\.png/,
      );
      process.env.FOVEA_TUXPAINT_STAMPS = join(stamps, "nowhere");
      await expect(loadCutOuts({ sources: ["tuxpaint-drawings"] })).rejects.toThrow(
        /apt-get install tuxpaint-stamps-default .*FOVEA_TUXPAINT_STAMPS/,
      );
    } finally {
      delete process.env.FOVEA_TUXPAINT_STAMPS;
    }
  });
});
