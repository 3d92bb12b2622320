/** Play as people use it: dragging, the keyboard, links, pictures of their own, a narrow page. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { afterEach, expect, test } from "vitest";
import { loadCutOuts } from "../../src/data/assets/load.ts";
import { sceneComposer } from "../../src/data/scenes/compose.ts";
import { paintPlaced } from "../../src/data/scenes/placed.ts";
import { knownNames } from "../../src/studio/page/play/scene/cut-out-files.ts";
import { decodeScene } from "../../src/studio/page/play/scene/encode.ts";
import { openScene } from "../../src/studio/page/play/scene/scene.ts";
import { openStudioPage, type StudioPage, type StudioPageOptions } from "./harness.ts";

let studio: StudioPage;
afterEach(() => studio.close());

/** With both models' first answers. */
async function open(options: StudioPageOptions): Promise<Page> {
  studio = await openStudioPage({ static: true, viewport: { width: 1440, height: 900 }, ...options });
  const { page } = studio;
  for (const letter of ["a", "b"])
    await answer(page, letter).filter({ hasText: /./ }).waitFor({ timeout: 60_000 });
  return page;
}

const column = (page: Page, letter: string) => page.locator(`play-model[data-letter="${letter}"]`);
/** What a model answers to the first question. */
const answer = (page: Page, letter: string) => column(page, letter).locator(".answer .said").first();
const sentence = (page: Page) => page.locator("play-sentence p");

/** The picture that stage and models see, as bytes of RGB. */
function shownPixels(page: Page): Promise<number[]> {
  return page.locator("play-stage canvas").evaluate((element) => {
    const canvas = element as HTMLCanvasElement;
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    return Array.from(data).filter((_, i) => i % 4 !== 3);
  });
}

/** A point of the scene, in pixels of it, on the page. */
async function at(page: Page, x: number, y: number): Promise<[number, number]> {
  const box = (await page.locator("play-stage .stage").boundingBox())!;
  return [box.x + (x / 64) * box.width, box.y + (y / 64) * box.height];
}

const address = (page: Page) => page.evaluate(() => location.hash);

async function expectAccessible(page: Page): Promise<void> {
  const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const { axe: checker } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> };
    };
    const { violations } = await checker.run();
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  });
  expect(found).toEqual([]);
}

test("a thing is dragged and everything follows; steps are undone; the address goes back and forth", async () => {
  const page = await open({ path: "#/play?scene=77-4" });
  const cutOuts = await loadCutOuts({ names: knownNames });
  const composed = sceneComposer({ cutOuts }, { size: 64 })("test/77/0", 4);
  expect(await shownPixels(page)).toEqual(Array.from(composed.image.data));
  expect(composed.objects.map(({ name }) => name)).toEqual(["lion", "star"]);
  expect(await sentence(page).textContent()).toMatch(
    /^\s*B’s patches say lion where the lion is; its answer, c2, is right/,
  );
  // The first command makes the picture, and nobody has to save it.
  await page.context().grantPermissions(["clipboard-write"]);
  await page.getByRole("button", { name: "copy command" }).click();
  expect(await page.getByText("in the clipboard").textContent()).toBe("5 commands are in the clipboard.");

  await page.mouse.move(...(await at(page, 12, 52)));
  await page.mouse.down();
  await page.mouse.move(...(await at(page, 20, 30)), { steps: 4 });
  expect(await address(page)).not.toContain("77-4.");
  await page.mouse.move(...(await at(page, 22, 10)), { steps: 4 });
  await page.mouse.up();
  await column(page, "b").locator(".answer", { hasText: "where is the star ?" }).waitFor();
  await expect.poll(() => answer(page, "b").textContent(), { timeout: 30_000 }).toBe("b1");

  const edited = await address(page);
  const text = new URLSearchParams(edited.split("?")[1]).get("scene")!;
  const { placed } = openScene(cutOuts, decodeScene(text));
  const painted = Array.from(paintPlaced({ cutOuts }, placed).image.data);
  expect(await shownPixels(page)).toEqual(painted);
  await page.getByRole("button", { name: "undo" }).click();
  expect(await shownPixels(page)).toEqual(Array.from(composed.image.data));
  await page.keyboard.press("Control+Shift+z");
  expect(await shownPixels(page)).toEqual(painted);
  await page.goBack();
  await expect.poll(() => shownPixels(page)).toEqual(Array.from(composed.image.data));
  await page.goForward();
  await expect.poll(() => shownPixels(page)).toEqual(painted);

  await page.goto("about:blank");
  await page.goto(`${studio.address}${edited}`);
  await answer(page, "b").filter({ hasText: /./ }).waitFor({ timeout: 60_000 });
  expect(await shownPixels(page)).toEqual(painted);
  await expectAccessible(page);
  expect(studio.errors).toEqual([]);
});

test("everything is done by keyboard: choosing, moving, stacking, adding, taking away, asking", async () => {
  const page = await open({ path: "#/play?scene=77-4" });
  await page.locator("play-stage .thing").first().focus();
  const before = await shownPixels(page);
  for (let i = 0; i < 6; i++) await page.keyboard.press("Shift+ArrowDown");
  expect(await shownPixels(page)).not.toEqual(before);
  await expect.poll(() => address(page)).toContain("77-4.1");
  await page.keyboard.press("Tab");
  await column(page, "a").getByRole("button", { name: "where is the star ?" }).waitFor();
  await page.keyboard.press("PageDown");
  const order = () =>
    page.locator("play-stage .thing").evaluateAll((all) => all.map((one) => one.ariaLabel?.split(",")[0]));
  expect(await order()).toEqual(["star", "lion"]);
  await page.keyboard.press("Delete");
  expect(await order()).toEqual(["lion"]);
  await page.getByRole("searchbox", { name: "Drag one in" }).focus();
  await page.keyboard.type("duck");
  await page.keyboard.press("Enter");
  expect(await order()).toEqual(["lion", "duck"]);
  await page.getByRole("button", { name: "duck", exact: true, pressed: true }).waitFor();
  await page.getByRole("textbox", { name: "Ask" }).focus();
  await page.keyboard.type("Is there a whale?");
  await page.keyboard.press("Enter");
  const asked = column(page, "b").locator(".answer[aria-pressed=true] > span");
  await expect
    .poll(() => asked.allTextContents(), { timeout: 30_000 })
    .toEqual(["is there a whale ?", "no", "right"]);
  await page.getByRole("button", { name: /\(absent\)$/ }).focus();
  await page.keyboard.press("Enter");
  await expect
    .poll(() => sentence(page).textContent(), { timeout: 30_000 })
    .toMatch(/^\s*There is no \w+ in the scene\./);
  expect(studio.errors).toEqual([]);
});

test("on a narrow page: a broken link, a pasted picture, a refused camera; nothing scrolls sideways", async () => {
  const page = await open({
    path: "#/play?scene=77-4.9AAAA",
    viewport: { width: 400, height: 800 },
    colorScheme: "dark",
    args: ["--use-fake-device-for-media-stream", "--deny-permission-prompts"],
  });
  await expect.poll(() => address(page)).toMatch(/^#\/play\?scene=\d+-\d+$/);
  const widths = () => page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  expect(await widths()).toEqual([400, 400]);
  const tops = await page
    .locator("play-stage, play-sentence, play-model[data-letter=a], play-tray")
    .evaluateAll((all) => all.map((one) => [one.localName, one.getBoundingClientRect().top] as const));
  expect([...tops].sort((a, b) => a[1] - b[1]).map(([name]) => name)).toEqual([
    "play-stage",
    "play-sentence",
    "play-model",
    "play-tray",
  ]);

  await page.getByRole("button", { name: "camera", exact: true }).click();
  await page
    .getByRole("alert")
    .filter({ hasText: /^camera: this page may not use it/ })
    .waitFor();

  await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(120, 80);
    const pen = canvas.getContext("2d") as OffscreenCanvasRenderingContext2D;
    pen.fillStyle = "#3366cc";
    pen.fillRect(0, 0, 120, 80);
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([await canvas.convertToBlob()], "blue.png", { type: "image/png" }));
    document.body.dispatchEvent(
      new ClipboardEvent("paste", { clipboardData, bubbles: true, composed: true }),
    );
  });
  await page.getByText("blue.png, 120 × 80 pixels").waitFor();
  await expect
    .poll(() => sentence(page).textContent(), { timeout: 30_000 })
    .toMatch(/Nobody knows the truth of this picture\.\s*$/);
  expect(
    await page
      .locator("play-model")
      .getByText(/^(right|wrong)$/)
      .count(),
  ).toBe(0);
  expect(await page.locator("play-model .scores").count()).toBe(0);
  expect(await address(page)).toContain("picture=own");
  expect(await widths()).toEqual([400, 400]);
  await expectAccessible(page);

  const [broken] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: "picture", exact: true }).first().click(),
  ]);
  await broken.setFiles({ name: "notes.png", mimeType: "image/png", buffer: Buffer.from("no picture") });
  await page.getByRole("alert").filter({ hasText: "notes.png" }).waitFor();
  await page.getByRole("button", { name: "back to the scene" }).click();
  await page.getByText(/^scene \d+-\d+, 64 × 64 pixels$/).waitFor();
  expect(studio.errors).toEqual([]);
});

test("the camera is looked at live, until it is stopped", async () => {
  const page = await open({
    path: "#/play?scene=77-4",
    args: ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"],
  });
  await page.getByRole("button", { name: "camera", exact: true }).click();
  await page.getByText("camera, 320 × 320 pixels").waitFor();
  const first = await shownPixels(page);
  await expect.poll(() => shownPixels(page), { timeout: 30_000 }).not.toEqual(first);
  await page.getByRole("button", { name: "stop", exact: true }).click();
  await page.getByRole("button", { name: "camera", exact: true }).waitFor();
  await page.getByRole("button", { name: "new scene" }).click();
  await page.getByText(/^scene \d+-\d+, 64 × 64 pixels$/).waitFor();

  // Allowed once the room has been left.
  await page.evaluate(() => {
    const { mediaDevices } = navigator;
    const real = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = async (wanted) => {
      const stream = await real(wanted);
      await new Promise((resolve) => addEventListener("allow", resolve, { once: true }));
      const [track] = stream.getTracks();
      const stop = track.stop.bind(track);
      track.stop = () => {
        document.body.dataset.letGo = "";
        stop();
      };
      return stream;
    };
  });
  await page.getByRole("button", { name: "camera", exact: true }).click();
  await page.getByRole("link", { name: "Boards" }).click();
  await page.locator("studio-boards").waitFor();
  await page.waitForTimeout(500); // The browser's own answer is there by now.
  await page.evaluate(() => dispatchEvent(new Event("allow")));
  await page.locator("body[data-let-go]").waitFor();
  expect(studio.errors).toEqual([]);
});
