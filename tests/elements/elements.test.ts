/** The elements in a page: every story drawn, pointed at, walked by keyboard. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type OpenedPage, openSite } from "../browser/harness.ts";
import { buildStories } from "./stories/build.ts";

let site: OpenedPage;
let folder: string;
let page: Page;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-stories-"));
  await buildStories(folder);
  site = await openSite({ folders: { stories: folder }, path: "stories/index.html" });
  page = site.page;
});

afterAll(async () => {
  await site?.close();
  await rm(folder, { recursive: true, force: true });
});

/** The element of a story. */
const story = (name: string) => page.locator(`figure:has(> figcaption:text-is("${name}")) > :first-child`);

/** Notes the events of a name that a story's element sends from now on. */
async function noteEvents(name: string, event: string): Promise<() => Promise<unknown[]>> {
  await story(name).evaluate((element, event) => {
    const kept: unknown[] = [];
    Object.assign(element, { kept });
    element.addEventListener(event, (sent) => kept.push((sent as CustomEvent).detail));
  }, event);
  return () => story(name).evaluate((element) => (element as unknown as { kept: unknown[] }).kept);
}

test("nothing fails, and axe finds nothing serious", async () => {
  const axe = await readFile(join(import.meta.dirname, "../../node_modules/axe-core/axe.min.js"), "utf8");
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: typeof import("axe-core") };
    const found = await axe.run(document);
    return found.violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes[0].html}`);
  });
  expect(violations).toEqual([]);
  expect(site.errors).toEqual([]);
});

test("a map is drawn in the device's pixels, and its values are its colours", async () => {
  const drawn = await story("no picture").evaluate((element) => {
    const canvas = element.shadowRoot!.querySelector("canvas")!;
    const box = canvas.getBoundingClientRect();
    const context = canvas.getContext("2d")!;
    const at = (x: number, y: number) => [
      ...context.getImageData(x * canvas.width, y * canvas.height, 1, 1).data,
    ];
    return {
      sharp: canvas.width === Math.round(box.width * devicePixelRatio),
      nothing: at(0.15, 0.25),
      most: at(0.85, 0.75),
    };
  });
  expect(drawn.sharp).toBe(true);
  expect(drawn.nothing[3]).toBe(0);
  expect(drawn.most[3]).toBeGreaterThan(220);
});

test("a pointer marks the patch under it, a click pins it", async () => {
  const name = "an absent concept";
  const hovers = await noteEvents(name, "fovea-hover");
  const pins = await noteEvents(name, "fovea-pin");
  const box = (await story(name).boundingBox())!;
  await page.mouse.move(box.x + box.width * 0.3, box.y + 3);
  await page.mouse.down();
  await page.mouse.up();
  await page.mouse.move(0, 0);
  expect(await pins()).toContainEqual({ patch: 2 });
  expect(await hovers()).not.toContainEqual({ patch: 3 });
});

test("arrows walk over patches and say each; Enter pins, Escape leaves", async () => {
  const name = "words of the patches";
  const pins = await noteEvents(name, "fovea-pin");
  const box = story(name).locator(".map");
  await box.focus();
  for (const key of ["ArrowUp", "ArrowUp", "ArrowLeft", "Enter"]) await page.keyboard.press(key);
  expect(await pins()).toEqual([{ patch: 27 }]);
  expect(await story(name).getByRole("status").textContent()).toMatch(/^row 4, column 4: 0\.\d+, says /);
  await page.keyboard.press("Escape");
  expect(await story(name).evaluate((element) => (element as unknown as { marked?: number }).marked)).toBe(
    undefined,
  );
});

test("a map says in words what it shows", async () => {
  const box = story("an absent concept").locator(".map");
  expect(await box.getAttribute("aria-label")).toBe("bus");
  const text = await story("an absent concept").locator("#what").textContent();
  expect(text).toMatch(/^8 × 8 patches\. Most at row \d, column \d: probability under 0\.001\.$/);
});

test("a brush paints the patches that it passes", async () => {
  const name = "struck patches";
  const strokes = await noteEvents(name, "fovea-brush");
  const box = (await story(name).boundingBox())!;
  await page.mouse.move(box.x + 5, box.y + 5);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.3, box.y + 5, { steps: 6 });
  await page.mouse.up();
  expect((await strokes()).at(-1)).toEqual({ patches: [0, 1, 2], done: true });
});

test("a scale tells its ends", async () => {
  const bar = story("probabilities").getByRole("img");
  expect(await bar.getAttribute("aria-label")).toBe("probability, from 0 to 1");
});

test("a word stands out in all its cells, keys walk over them, a click names the word", async () => {
  const name = "a pinned patch";
  const words = await noteEvents(name, "fovea-word");
  const first = story(name).locator("[data-cell='4 0']");
  await first.focus();
  expect(await story(name).locator("[data-same]").count()).toBeGreaterThan(3);
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  expect(await words()).toEqual([expect.objectContaining({ word: "owl", layer: 3 })]);
  expect(await story(name).locator("tr[aria-current] td.rank").textContent()).toBe("1st");
});

test("what a tokenizer has stays text, whatever it is", async () => {
  expect(await story("strange tokens").locator(".text").first().textContent()).toBe(
    "<img src=x onerror=alert(1)>",
  );
  expect(await story("strange tokens").locator("img").count()).toBe(0);
});

test("a head is named, drawn large, and struck out", async () => {
  const one = story("heads, one large");
  await one.locator("[data-head='2 1']").hover();
  expect(await one.locator(".text").textContent()).toMatch(/^layer 2, head 1: \d+ % on the image$/);
  expect(
    await one.locator("fovea-map").evaluate((map) => (map as unknown as { label: string }).label),
  ).toMatch(/^layer 2, head 1/);
  const name = "many heads, sinks, struck ones";
  const struck = await noteEvents(name, "fovea-head-strike");
  await story(name).locator("[data-head='4 4']").click();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  expect(await struck()).toEqual([
    { layer: 4, head: 4, struck: false },
    { layer: 4, head: 5, struck: true },
  ]);
});

test("a cursor in one model's map is at the same place in the other's, whatever its grid", async () => {
  const [coarse, fine] = [0, 1].map((i) => story("two grids").locator("fovea-map").nth(i));
  await coarse.scrollIntoViewIfNeeded();
  const box = (await coarse.boundingBox())!;
  await page.mouse.move(box.x + box.width * 0.4, box.y + box.height * 0.4);
  const marked = (map: typeof coarse) =>
    map.evaluate((one) => (one as unknown as { marked?: number }).marked);
  expect([await marked(coarse), await marked(fine)]).toEqual([27, 7 * 16 + 7]);
  await page.mouse.move(0, 0);
  expect([await marked(coarse), await marked(fine)]).toEqual([undefined, undefined]);
});

test("curves carry their names, and a table has the same numbers", async () => {
  const plot = story("losses").locator(".plot svg");
  await plot.waitFor();
  expect(await plot.textContent()).toContain("NTP + LLL + KLAL");
  await story("losses").getByText("numbers").click();
  expect(await story("losses").getByRole("row").count()).toBe(13);
  expect(site.errors).toEqual([]);
});

test("at 400 px nothing is wider than the page", async () => {
  await page.setViewportSize({ width: 400, height: 800 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(400);
});
