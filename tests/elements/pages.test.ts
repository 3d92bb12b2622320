/** Pages with elements: they run their own script and nothing else, and are read without it too. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContext } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { jsonScript } from "../../src/common/markup.ts";
import { attendPage, lensPage } from "../../src/elements/pages/result-page.ts";
import type { LensView } from "../../src/elements/views/lens-view.ts";
import { launch } from "../browser/harness.ts";
import { evils } from "../pages/evil.ts";
import { models, words } from "./stories/mock.ts";

const dot =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
const [{ geometry, vocabulary, layers, attention }] = models.slice(1);
const texts = { title: "t", lead: "l", footer: "f" };

function lensView(word: string, token?: string): LensView {
  const view = layers.map(({ layer, maps, ranks }) => ({ layer, values: maps[0], ranks: ranks[0] }));
  const said = layers.map(({ layer, words }) => ({
    layer,
    patches: words.map((of) => of.map((one) => ({ ...one, token: token ?? one.token }))),
  }));
  return { title: word, vocabulary, geometry, concepts: [{ word, ids: [1], layers: view }], words: said };
}

let folder: string;
const contexts: BrowserContext[] = [];

/** A context of its own for pages with and without scripts. */
async function opened(javaScriptEnabled: boolean) {
  const context = await launch(join(folder, `profile-${javaScriptEnabled}`), { javaScriptEnabled });
  contexts.push(context);
  const page = context.pages()[0];
  const seen: string[] = [];
  page.on("dialog", (dialog) => {
    seen.push(dialog.message());
    void dialog.dismiss();
  });
  page.on("console", (message) => seen.push(message.text()));
  page.on("pageerror", ({ message }) => seen.push(message));
  page.on("request", (request) => {
    if (!/^(file|data):/.test(request.url())) seen.push(request.url());
  });
  return { page, seen };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-pages-"));
});
afterAll(async () => {
  for (const context of contexts) await context.close();
  await rm(folder, { recursive: true, force: true });
});

test("JSON in a page cannot end its element, and keeps whole numbers whole", () => {
  for (const evil of evils) expect(jsonScript("a", [evil])).not.toMatch(/<(?!\/script>$|script type)/);
  expect(jsonScript("a", { id: 151_643, share: 1 / 3, all: new Float32Array([0.5]) })).toContain(
    '{"id":151643,"share":0.33333,"all":[0.5]}',
  );
});

test("a lens page of strangers' texts shows them and runs nothing of theirs", async () => {
  const pictures = evils.slice(0, 6).map((evil) => ({
    name: evil,
    address: dot,
    result: lensView(evil, evil),
    painted: [{ address: dot, text: evil }],
  }));
  const path = join(folder, "lens.html");
  await writeFile(path, await lensPage(pictures, { title: evils[0], lead: evils[1], footer: evils[2] }));
  const { page, seen } = await opened(true);
  await page.goto(`file://${path}`);
  await page.locator("fovea-lens fovea-words table").first().waitFor();
  expect(await page.evaluate(() => "ran" in globalThis)).toBe(false);
  expect(seen).toEqual([]);
  expect(
    await page.locator("fovea-lens").first().getByRole("button", { name: evils[0] }).count(),
  ).toBeGreaterThan(0);
});

test("a page to click through: concepts, layers, patches, tokens, heads", async () => {
  const lens = { name: "scene", address: dot, result: lensView(words[0]), painted: [] };
  const path = join(folder, "both.html");
  await writeFile(path, await lensPage([lens], texts));
  const page = contexts[0].pages()[0];
  await page.goto(`file://${path}`);
  const element = page.locator("fovea-lens");
  await element.getByRole("button", { name: "0, decoder input" }).click();
  expect(await element.locator("output").textContent()).toBe("decoder input");
  await element.getByRole("slider").fill("4");
  expect(await element.locator("p.line").textContent()).toMatch(/^says owl at row \d, column \d: 0\.9/);
  const map = element.locator("fovea-map.map canvas");
  await map.click({ position: { x: 5, y: 5 } });
  expect(await element.getByText("words at row 1, column 1 by layer").count()).toBe(1);
  await map.click({ position: { x: 200, y: 200 } });
  expect(await element.getByText("words of the pinned patches by layer").count()).toBe(1);

  const view = { title: "m", ...attention, geometry };
  await writeFile(path, await attendPage([{ ...lens, result: view }], texts));
  await page.goto(`file://${path}`);
  await page
    .locator("fovea-attend")
    .getByRole("button", { name: /^layer 1 ?: 13 %/ })
    .click();
  expect(await page.locator("fovea-attend p.line").textContent()).toMatch(/ % on the image, most at row/);
  await page.locator("fovea-heads [data-head='2 1']").hover();
  expect(await page.locator("fovea-heads .text").textContent()).toMatch(/^layer 2, head 1/);
});

test("without a script the pictures and what they show are there", async () => {
  const painted = [{ address: dot, text: "layer 4 says owl at row 2, column 5: 0.999" }];
  const path = join(folder, "plain.html");
  await writeFile(
    path,
    await lensPage([{ name: "scene", address: dot, result: lensView("owl"), painted }], texts),
  );
  const { page, seen } = await opened(false);
  await page.goto(`file://${path}`);
  expect(await page.getByText("says owl at row 2, column 5").isVisible()).toBe(true);
  expect(await page.getByAltText("The picture scene").isVisible()).toBe(true);
  expect(seen).toEqual([]);
});
