import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { buildPageModule } from "../../release/page.ts";
import { type OpenedPage, openSite, runtimeFiles } from "../browser/harness.ts";

const root = join(import.meta.dirname, "../..");

/** The example as it stands, on a server that isolates nothing: one thread. */
let work: string;
let opened: OpenedPage;
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), "fovea-example-"));
  await cp(join(root, "examples/browser-page"), work, { recursive: true });
  await buildPageModule(join(work, "node_modules/fovea/lib/web"));
  const folders = { site: work, ort: runtimeFiles, checkpoints: join(root, "checkpoints") };
  const path = "site/index.html?model=/checkpoints/full/&wasm=/ort/";
  opened = await openSite({ folders, path, isolated: false });
});
afterAll(async () => {
  await opened.close();
  await rm(work, { recursive: true, force: true });
});

/** Does something, and waits until the page has done what follows from it. */
async function done(page: Page, act: () => Promise<unknown>): Promise<void> {
  await act();
  await page.waitForFunction(() => document.querySelector("button:disabled") === null);
}

const textOf = (id: string) => opened.page.locator(id).textContent();

/** How many colours a canvas shows. */
function coloursOf(id: string): Promise<number> {
  return opened.page.locator(id).evaluate((canvas: HTMLCanvasElement) => {
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size;
  });
}

it("shows where the model says the sample's first concept", async () => {
  expect(await textOf("#sentence")).toBe("Layer 4 says watermelon at row 2, column 2: 1.00.");
  expect(await textOf("#scale .label")).toBe("probability");
  expect(await coloursOf("#photo")).toBeGreaterThan(500);
  expect(await coloursOf("#map")).toBeGreaterThan(20);
});

it("shows an absent word as absent, another layer, and a mask", async () => {
  const { page } = opened;
  await done(page, () => page.getByRole("button", { name: "fox", exact: true }).click());
  expect(await textOf("#sentence")).toMatch(/^Layer 4 says fox nowhere: peak .* after “watermelon” with /);
  await done(page, () => page.getByRole("button", { name: "tree", exact: true }).click());
  await page.locator("#layer").fill("0");
  expect(await textOf("#sentence")).toMatch(/^The decoder's input says tree/);
  await page.locator("#layer").fill("4");
  const map = await coloursOf("#map");
  await done(page, () => page.locator("#mask").check());
  expect(await coloursOf("#map")).toBeGreaterThan(map);
  await done(page, () => page.locator("#mask").uncheck());
});

it("answers, and shows where the answer looks", async () => {
  const { page } = opened;
  await done(page, () => page.locator("#ask button[type=submit]").click());
  expect(await textOf("#answer")).toBe("a1");
  expect(await textOf("#sentence")).toMatch(
    /^Layer 4 looks most at row \d, column \d as the model says “a1”\.$/,
  );
});

it("says in one line what is wrong with a word", async () => {
  const { page } = opened;
  await page.locator("#concept").fill("qwertz");
  await done(page, () => page.locator("#lens button[type=submit]").click());
  expect(await textOf("#status")).toMatch(
    /^lens: concept must be made of words that full knows, got "qwertz"/,
  );
  await page.locator("#concept").fill("lion");
});

it("takes a picture of one's own and a model that is dropped", async () => {
  const { page } = opened;
  await done(page, () => page.locator("#file").setInputFiles(join(root, "tests/fixtures/pictures/420.jpg")));
  expect(await textOf("#sentence")).toMatch(/^Layer 4 says lion/);
  const files = await readdir(join(root, "checkpoints/ntp"));
  await done(page, () =>
    page.evaluate(async (names) => {
      const dataTransfer = new DataTransfer();
      for (const name of names) {
        const blob = await (await fetch(`/checkpoints/ntp/${name}`)).blob();
        dataTransfer.items.add(new File([blob], `${name}`));
      }
      document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
    }, files),
  );
  await page.waitForFunction(() =>
    document.querySelector("#status")?.textContent?.startsWith("dropped files, on wasm"),
  );
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
  expect(opened.errors.filter((error) => !error.includes("404"))).toEqual([]);
});
