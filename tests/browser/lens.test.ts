import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readImage } from "../../src/hub/image/image-file.ts";
import { openVlm } from "../../src/vlm/open.ts";
import { type OpenedPage, openPage } from "./harness.ts";
import { type Asked, type Given, type LensScope, type Reading, readingOf } from "./lens-page.ts";

const root = join(import.meta.dirname, "../..");
const scene = join(root, "examples/browser-page/scenes/watermelon.png");
const asked: Asked = {
  concepts: ["watermelon", "tree", "umbrella", "fox"],
  questions: ["where is the watermelon ?", "what is at a1 ?"],
};

let opened: OpenedPage;
beforeAll(async () => {
  const folders = { checkpoints: join(root, "checkpoints"), scenes: join(scene, "..") };
  opened = await openPage({ entry: join(import.meta.dirname, "lens-page.ts"), folders });
});
afterAll(() => opened.close());

async function inNode(twin: string): Promise<Reading> {
  const model = await openVlm(join(root, "checkpoints", twin));
  try {
    return await readingOf(model, await readImage(scene), asked);
  } finally {
    await model.programs.dispose();
  }
}

function inPage(given: Given, device: string): Promise<Reading> {
  const task = [given, asked, { device, assets: "/ort/" }] as const;
  return opened.page.evaluate(
    ([from, what, machine]) =>
      (globalThis as unknown as LensScope).read(from, "/scenes/watermelon.png", what, machine),
    task,
  );
}

const served = (twin: string): Given => ({ address: `/checkpoints/${twin}/` });
const dropped = (twin: string): Given => ({
  dropped: `/checkpoints/${twin}/`,
  files: readdirSync(join(root, "checkpoints", twin)),
});

/** The largest difference between numbers at the same places; NaN where the shapes differ. */
function worst(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") return Math.abs(a - b);
  const [left, right] = [a as unknown[], b as unknown[]];
  if (left.length !== right.length) return Number.NaN;
  return left.reduce<number>((most, x, i) => Math.max(most, worst(x, right[i])), 0);
}

function zerosLike(a: unknown): unknown {
  return Array.isArray(a) ? a.map(zerosLike) : 0;
}

describe("the shipped twins in a page", () => {
  it.each([
    ["full", "wasm", "a static server", served("full")],
    ["ntp", "wasm", "dropped files", dropped("ntp")],
    ["full", "webgpu", "dropped files", dropped("full")],
    ["ntp", "webgpu", "a static server", served("ntp")],
  ] as const)(
    "%s on %s, from %s: maps, answers and attention of Node",
    async (twin, device, _, given) => {
      const [want, got] = [await inNode(twin), await inPage(given, device)];
      expect(got.grid).toEqual(want.grid);
      expect(got.answers).toEqual(want.answers);
      expect(worst(got.maps, want.maps)).toBeLessThan(1e-4);
      expect(worst(got.attention, want.attention)).toBeLessThan(1e-4);
      expect(worst(got.shares, want.shares)).toBeLessThan(1e-4);
      const largest = worst(want.logs, zerosLike(want.logs));
      expect(worst(got.logs, want.logs)).toBeLessThan(1e-4 * largest);
      // Words that are as likely as each other but for rounding may change places.
      expect(worst(got.ranks, want.ranks)).toBeLessThanOrEqual(1);
    },
    300_000,
  );

  it("ntp in a worker, which has no document: maps and answers of Node", async () => {
    const got = await opened.page.evaluate((task) => (globalThis as unknown as LensScope).inWorker(...task), [
      served("ntp"),
      "/scenes/watermelon.png",
      asked,
      { assets: "/ort/" },
    ] as const);
    const want = await inNode("ntp");
    expect(got.answers).toEqual(want.answers);
    expect(worst(got.maps, want.maps)).toBeLessThan(1e-4);
  });

  it("throws nothing", () => {
    expect(opened.errors.filter((text) => !text.includes("404"))).toEqual([]);
  });
});

describe("pictures of a page", () => {
  it("are the pixels of Node, whatever form they have", async () => {
    const forms = await opened.page.evaluate(() =>
      (globalThis as unknown as LensScope).picturesOf("/scenes/watermelon.png"),
    );
    const { width, height, data } = await readImage(scene);
    for (const [form, picture] of Object.entries(forms))
      expect([form, picture]).toEqual([form, { width, height, data: [...data] }]);
    expect(Object.keys(forms)).toEqual(["file", "img", "canvas", "pixels", "rgb"]);
  });

  it("are drawn on a canvas as they are", async () => {
    const same = await opened.page.evaluate(() =>
      (globalThis as unknown as LensScope).drawsTheSame("/scenes/watermelon.png"),
    );
    expect(same).toBe(true);
  });

  it("are refused in one line where they are none", async () => {
    const told = await opened.page.evaluate(() =>
      (globalThis as unknown as LensScope).refusalOf("no picture"),
    );
    expect(told).toBe(
      "image a.png: expected a picture file, found: bytes of none of the formats png, jpeg, webp, gif, tiff, avif",
    );
  });
});
