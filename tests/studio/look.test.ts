/** Look as people use it: layers, pins, tokens, heads, knock-outs, links, files, and all of it by keyboard. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadCutOuts } from "../../src/data/assets/load.ts";
import { composeScene } from "../../src/data/scenes/compose.ts";
import { lensSummary } from "../../src/lens/json.ts";
import { lensMaps } from "../../src/lens/logit-lens.ts";
import type { ShownPicture, Studio } from "../../src/studio/page/studio.ts";
import { openVlm } from "../../src/vlm/open.ts";
import { openStudioPage, type StudioPage } from "./harness.ts";

let studio: StudioPage;
let page: Page;
let picture: ShownPicture;

/** Pictures of this kind can be named by an address: what shows is a carrot, a frog and a magnet. */
async function offerPicture(to: Page): Promise<void> {
  const { image, ...shown } = picture;
  await to.evaluate(
    ({ bytes, ...given }) => {
      const shell = document.querySelector("studio-shell") as unknown as {
        studio: { readers: Map<string, () => Promise<unknown>> };
      };
      const made = { ...given, image: { ...given.image, data: new Uint8Array(bytes) } };
      shell.studio.readers.set("test", () => Promise.resolve(made));
    },
    { ...shown, image: { width: image.width, height: image.height }, bytes: [...image.data] },
  );
}

/** Opens a view of it and waits until both models have said what they see. */
async function look(keys: string): Promise<void> {
  await page.evaluate((hash) => {
    location.hash = hash;
  }, `/look?picture=test:1&${keys}`);
  await settled();
}

async function settled(): Promise<void> {
  await page.locator("studio-look .model").nth(1).waitFor();
  const captions = () => page.locator("studio-look figcaption").allTextContents();
  await expect
    .poll(async () => (await captions()).filter((text) => text !== "").length, patient)
    .toBeGreaterThan(1);
  await expect.poll(() => page.locator("studio-look fovea-map[busy]").count(), patient).toBe(0);
}

const patient = { timeout: 60_000, interval: 100 };
const sentence = () => page.locator("studio-look p.sentence").textContent();
const hash = () => page.evaluate(() => location.hash);

beforeAll(async () => {
  const cutOuts = await loadCutOuts();
  const { image, objects } = composeScene({ cutOuts }, { objects: [3, 3] }, "test/77/0", 4);
  const truth = objects.map(({ name, mask }) => ({ word: name, region: mask }));
  picture = { ref: "test:1", name: "scene 77-4", image, truth };
  studio = await openStudioPage({ static: true, path: "#/look", viewport: { width: 1440, height: 1000 } });
  page = studio.page;
  await offerPicture(page);
  await page.getByRole("button", { name: "open picture" }).waitFor();
});

afterAll(() => studio.close());

test("a picture is asked about what shows in it, by both models", async () => {
  await look("concept=carrot");
  await expect.poll(sentence, patient).toMatch(/A says carrot nowhere.* B says carrot at row 3, column 6/s);
});

test("layers are chosen in the strip, and play", async () => {
  await look("concept=carrot");
  await page.getByRole("radio", { name: /^layer 1:/ }).check({ force: true });
  await expect.poll(sentence, patient).toContain("At layer 1 of 4");
  await page.keyboard.press("ArrowDown");
  await expect.poll(sentence, patient).toContain("At layer 2 of 4");
  await page.keyboard.press(" ");
  await expect.poll(sentence, patient).toContain("At layer 4 of 4");
  await page.getByRole("button", { name: "stop" }).click();
});

test("a click pins a patch, whose words stand in the table with the rank of a typed word", async () => {
  await look("concept=carrot");
  const map = page.getByRole("application").nth(1);
  const box = await map.boundingBox();
  if (box === null) throw new Error("no map");
  await map.click({ position: { x: (box.width * 5.5) / 8, y: (box.height * 2.5) / 8 } });
  await expect.poll(hash, patient).toContain("pins=21");
  const table = page.locator("studio-look .patches fovea-words table").nth(1);
  await expect.poll(() => table.textContent(), patient).toContain("carrot");
  await page.getByLabel("Find").fill("frog");
  await page.getByLabel("Find").press("Enter");
  await expect.poll(() => table.textContent(), patient).toMatch(/rank of frog[\s\S]*th/);
  expect(await page.locator("studio-look .patches h3").textContent()).toBe("Patch at row 3, column 6");
});

test("a token shows where it looks, and a head of the grid its own map", async () => {
  await look("concept=carrot&question=where+is+the+carrot+%3F");
  const tokens = page.getByRole("group", { name: "Tokens of the question" });
  await tokens.nth(1).getByRole("button", { name: "carrot" }).click();
  await expect.poll(hash, patient).toMatch(/over=attention.*token=q3|token=q3.*over=attention/);
  await page
    .getByRole("group", { name: "Heads of layer 4, model B" })
    .getByRole("button", { name: /^head 2,/ })
    .click();
  await expect.poll(hash, patient).toContain("head=2");
  await expect
    .poll(() => page.locator("studio-look figcaption").nth(1).textContent(), patient)
    .toContain("head 2");
});

test("an answer changes when what it is about is knocked out; undo brings it back", async () => {
  await look("concept=carrot&question=where+is+the+carrot+%3F");
  await page.getByRole("button", { name: "hide the carrot" }).click();
  await expect
    .poll(sentence, patient)
    .toMatch(/Without 7 patches: A .*; B answered “c2” and now answers “a2”/);
  const tokens = page.locator("studio-look .answers .columns > div").nth(1);
  await expect.poll(() => tokens.textContent(), patient).toMatch(/before[\s\S]*c2[\s\S]*now[\s\S]*a2/);
  expect(await page.locator("studio-look .model").nth(1).locator("figure").count()).toBe(2);
  await page.getByRole("button", { name: "only the carrot" }).click();
  await expect.poll(sentence, patient).toMatch(/Without all patches but 7: .*B /);
  await page.getByRole("button", { name: "undo" }).click();
  await page.getByRole("button", { name: "undo" }).click();
  await expect.poll(hash, patient).not.toContain("off=");
});

test("a knock-out has its command, and relevance its own map", async () => {
  await look("concept=carrot&question=where+is+the+carrot+%3F&over=attention&off=21-22.28-30.36-37");
  await expect.poll(sentence, patient).toMatch(/B answered “c2” and now answers “a2”/);
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("button", { name: "copy command" }).click();
  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  await expect.poll(copied, patient).toMatch(/--hide 3:6-7,4:5-7,5:5-6$/m);
  await look("concept=carrot&question=where+is+the+carrot+%3F&over=relevance");
  await expect
    .poll(sentence, patient)
    .toMatch(/B answers “c2”; .* of what mattered lies on the image, and of that .* on the carrot/);
});

test("a head is struck in the matrix, a layer by its button", async () => {
  await look("concept=carrot&question=where+is+the+carrot+%3F");
  await page.getByRole("button", { name: "knock out heads by a click" }).click();
  await page
    .locator("fovea-heads")
    .nth(1)
    .getByRole("button", { name: /layer 4, head 1/ })
    .click();
  await expect.poll(hash, patient).toContain("heads=b4.1");
  await page
    .getByRole("group", { name: "Knock out a layer" })
    .getByRole("button", { name: "layer 3" })
    .click();
  await expect
    .poll(sentence, patient)
    .toContain("head 1 of layer 4 of B; the attention to the image in layer 3");
  await page.getByRole("button", { name: "clear" }).click();
});

test("the threshold cuts a mask whose IoU is told, and the link gives back the view", async () => {
  await look("concept=carrot");
  await page.getByLabel("threshold").fill("0.5");
  await expect
    .poll(() => page.locator("studio-look figcaption").nth(1).textContent(), patient)
    .toMatch(/IoU 0\.\d\d/);
  await expect.poll(hash, patient).toContain("cut=0.5");
  const [shown, said] = [await hash(), await sentence()];
  await look("concept=frog");
  await page.evaluate((value) => {
    location.hash = value;
  }, shown);
  await expect.poll(sentence, patient).toBe(said);
});

test("a word that is not there leaves an empty map and says so; one that no model can write is told", async () => {
  await look("concept=lion&cut=0.3&curve=precision");
  // One of the three things is no word of these models: the curve is of the others.
  await expect
    .poll(() => page.locator("studio-look .locality").textContent(), patient)
    .toContain("How well the words of the patches find the things");
  await expect.poll(sentence, patient).toMatch(/A says lion nowhere.*B says lion nowhere/s);
  await expect
    .poll(() => page.locator("studio-look figcaption").first().textContent(), patient)
    .toContain("mask 0 %");
  await look("concept=zebrafish");
  await expect
    .poll(() => page.locator("studio-look .note").first().textContent(), patient)
    .toContain("no word that this model can write");
});

test("the JSON is what the command prints", async () => {
  await look("concept=carrot&layer=3");
  await page.locator("studio-export summary").click();
  const saving = page.waitForEvent("download");
  await page.getByRole("button", { name: "what it says, B" }).click();
  const saved = JSON.parse(readFileSync(await (await saving).path(), "utf8"));
  const model = await openVlm("checkpoints/full");
  const result = await lensMaps(model, picture.image, ["carrot"], { topK: 5, ranks: true });
  const { model: name, image, ...facts } = saved;
  expect([typeof name, image]).toEqual(["string", "scene-77-4.png"]);
  const expected = lensSummary(result, { layer: 3 });
  expect(rounded(facts)).toEqual(rounded(JSON.parse(JSON.stringify(expected))));
});

/** Numbers to the third digit: wasm and native sums differ in the last bits. */
function rounded(value: unknown): unknown {
  if (typeof value === "number") return Number(value.toPrecision(3));
  if (Array.isArray(value)) return value.map(rounded);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, rounded(one)]));
}

test("a figure is saved as SVG, and the command that makes the same is copied", async () => {
  await look("concept=carrot&cut=0.5");
  const saving = page.waitForEvent("download");
  await page.getByRole("button", { name: "SVG" }).click();
  const svg = readFileSync(await (await saving).path(), "utf8");
  expect(svg).toContain("B says carrot");
  expect(svg.match(/data:image\/png/g)).toHaveLength(2);
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("button", { name: "copy command" }).click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toMatch(/^fovea lens scene-77-4\.png --concept carrot --model \S+$/m);
  expect(copied).toMatch(/^fovea segment scene-77-4\.png --concept carrot --model \S+ --threshold 0\.5$/m);
});

test("everything is reached by keyboard: a patch is pinned and knocked out without a pointer", async () => {
  await look("concept=carrot&question=where+is+the+carrot+%3F");
  await page.getByRole("application").nth(1).focus();
  for (const key of ["ArrowRight", "ArrowDown", "Enter"]) await page.keyboard.press(key);
  await expect.poll(hash, patient).toMatch(/pins=\d+/);
  await page.getByRole("button", { name: "paint patches" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("application").nth(1).focus();
  await page.keyboard.press("Enter");
  await expect.poll(hash, patient).toMatch(/off=\d+/);
  await page.getByRole("button", { name: "paint patches" }).press("Enter");
});

test("at 400 px and in the dark nothing scrolls sideways, and axe finds nothing serious", async () => {
  await page.setViewportSize({ width: 400, height: 800 });
  await page.emulateMedia({ colorScheme: "dark" });
  await look("concept=carrot&question=where+is+the+carrot+%3F&over=attention&pins=21");
  const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  expect(inner).toBeLessThanOrEqual(outer);
  await page.evaluate(readFileSync(axe, "utf8"));
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } };
    return (await axe.run()).violations.map(({ id, impact, nodes }) => ({
      id,
      impact,
      at: nodes.map(({ html }) => html),
    }));
  });
  expect(found.filter(({ impact }) => impact === "serious" || impact === "critical")).toEqual([]);
});

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}

const axe = join(createRequire(import.meta.url).resolve("axe-core"), "../axe.min.js");

test("another model in a place is asked anew", async () => {
  await look("concept=frog");
  const [ofA, ofB] = (await sentence())!.split(/[.] B /);
  expect(ofB).toBeDefined();
  await page.evaluate(async () => {
    const { studio: opened } = document.querySelector("studio-shell") as unknown as { studio: Studio };
    const [{ title, note, folder }] = opened.setup.models;
    await opened.open("b", { title, note, source: { address: new URL(folder, document.baseURI).href } });
  });
  await settled();
  await expect.poll(sentence, patient).not.toContain(ofB);
  const said = ofA.replace(/^.*, A /, "");
  await expect.poll(async () => (await sentence())!.split(said).length, patient).toBe(3);
});

test("the picture of the address stands, whatever another room still brings", async () => {
  await look("concept=frog");
  const name = () => page.locator("studio-look h2").first().textContent();
  const own = await name();
  await page.evaluate(async () => {
    const { studio: opened } = document.querySelector("studio-shell") as unknown as { studio: Studio };
    opened.show(await opened.readers.get("scene")!("scene:82-9"));
  });
  await settled();
  await expect.poll(name, patient).toBe(own);
  // As Play does once finer pictures have come, after the visitor has left it.
  await page.evaluate(() => {
    location.hash = "/play?scene=82-9";
  });
  await page.locator("studio-play").waitFor();
  await look("concept=frog");
  await page.waitForTimeout(3000);
  expect(await name()).toBe(own);
});

test("nothing was thrown or logged", () => {
  expect(studio.errors).toEqual([]);
});
