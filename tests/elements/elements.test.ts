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
