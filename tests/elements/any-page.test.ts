/** The module for any page: the example of docs/elements.md, run as it stands there, without a bundler. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildElements } from "../../src/elements/build/build.ts";
import { encodePng } from "../../src/hub/image/image-file.ts";
import { type OpenedPage, openSite } from "../browser/harness.ts";
import { picture } from "./stories/mock.ts";

let folder: string;
let site: OpenedPage;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-any-"));
  await buildElements(folder);
  const docs = await readFile(join(import.meta.dirname, "../../docs/elements.md"), "utf8");
  const [, example] = /```html\n(.*?)```/s.exec(docs)!;
  const script = /```js\n(.*?)```/s.exec(docs)![1];
  await writeFile(join(folder, "photo.png"), await encodePng(picture));
  const ready = `<script type="module">await customElements.whenDefined("fovea-map");
globalThis.again = () => { ${script} };
document.body.dataset.ready = "";</script>`;
  const page = `<!doctype html><html lang="en"><meta charset="utf-8"><title>any page</title><link rel="icon" href="data:,"><body>`;
  await writeFile(join(folder, "index.html"), `${page}${example}<fovea-curves></fovea-curves>${ready}`);
  site = await openSite({ folders: { any: folder }, path: "any/index.html" });
});
afterAll(async () => {
  await site?.close();
  await rm(folder, { recursive: true, force: true });
});

test("attributes and a picture between the tags are all that a map takes", async () => {
  const map = site.page.locator("fovea-map");
  expect(await map.locator("#what").textContent()).toBe(
    "2 × 3 patches. Most at row 1, column 2: probability 0.90. Patches say owl (1).",
  );
  // The photo is there, grey: its three channels are alike away from the map's colours.
  const pixel = () =>
    map.evaluate((element) => {
      const canvas = element.shadowRoot!.querySelector("canvas")!;
      return [...canvas.getContext("2d")!.getImageData(3, canvas.height - 3, 1, 1).data];
    });
  await expect.poll(async () => (await pixel())[3]).toBe(255);
  const [red, green, blue] = await pixel();
  expect([green, blue]).toEqual([red, red]);
});

test("its own colours come along, and properties take typed arrays", async () => {
  const map = site.page.locator("fovea-map");
  const ink = await map.evaluate((element) => getComputedStyle(element).color);
  expect(ink).toBe("rgb(27, 27, 26)");
  await site.page.evaluate(() => (globalThis as unknown as { again(): void }).again());
  await expect.poll(() => map.locator("#what").textContent()).toMatch(/^24 × 24 patches/);
});

test("curves load what draws them from beside the module, with the first curve", async () => {
  await site.page.locator("fovea-curves").evaluate((element) => {
    Object.assign(element, {
      series: [
        {
          name: "loss",
          colour: "red",
          points: [
            [0, 2],
            [1, 1],
          ],
        },
      ],
    });
  });
  await site.page.locator("fovea-curves svg").first().waitFor();
  expect(site.errors).toEqual([]);
});

test("the module stays as small as the page about it says", async () => {
  const bytes = gzipSync(await readFile(join(folder, "fovea-elements.js"))).length;
  expect(bytes).toBeLessThan(45_000);
});
