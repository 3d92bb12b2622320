/** The script of notebook widgets by anywidget's contract, with what the real Python widgets send (notebook/make.py). */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildNotebookScript } from "../../src/elements/build/build.ts";
import { type OpenedPage, openSite } from "../browser/harness.ts";
import states from "./notebook/states.json" with { type: "json" };

/** A host of widgets: a model that holds a state, puts buffers in their places as DataViews, and notes what is saved. */
const host = `
import widget from "./notebook.js";
globalThis.show = (name, { state, paths, buffers }, dark) => {
  const filled = structuredClone(state);
  paths.forEach((path, i) => {
    const bytes = Uint8Array.from(atob(buffers[i]), (letter) => letter.charCodeAt(0));
    const at = path.slice(0, -1).reduce((from, key) => from[key], filled);
    at[path.at(-1)] = new DataView(bytes.buffer);
  });
  const listeners = new Map();
  const saved = [];
  const model = {
    get: (key) => filled[key],
    set: (key, value) => { filled[key] = value; },
    save_changes: () => saved.push(filled.event),
    on: (event, listener) => listeners.set(event, listener),
    off: (event) => listeners.delete(event),
  };
  const el = document.createElement("div");
  el.id = name;
  if (dark) el.style.background = "#111";
  document.body.append(el);
  const end = widget.render({ model, el });
  globalThis.shown = { ...globalThis.shown, [name]: { model, saved, listeners, end } };
};
document.body.dataset.ready = "";
`;

let folder: string;
let site: OpenedPage;
let page: Page;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-notebook-"));
  await buildNotebookScript(join(folder, "notebook.js"));
  await writeFile(join(folder, "host.js"), host);
  const html = `<!doctype html><title>notebook</title><link rel="icon" href="data:,"><body><script type="module" src="host.js"></script>`;
  await writeFile(join(folder, "index.html"), html);
  site = await openSite({ folders: { nb: folder }, path: "nb/index.html" });
  page = site.page;
  for (const [name, state] of Object.entries(states))
    await page.evaluate(`show(${JSON.stringify(name)}, ${JSON.stringify(state)}, ${name === "flat"})`);
});
afterAll(async () => {
  await site?.close();
  await rm(folder, { recursive: true, force: true });
});

const saved = (name: string) => page.evaluate(`shown[${JSON.stringify(name)}].saved`);

test("a map has its numbers, picture, words and label", async () => {
  const map = page.locator("#map fovea-map");
  expect(await map.locator("#what").textContent()).toBe(
    "2 × 3 patches. Most at row 2, column 2: probability 1.00. Patches say cat (1).",
  );
  expect(await map.locator(".map").getAttribute("aria-label")).toBe("cat");
  expect(await page.locator("#flat #what").textContent()).toContain("Most at row 2, column 2");
});

test("what is clicked is told to Python, and what Python changes is drawn", async () => {
  await page.locator("#map canvas").click({ position: { x: 4, y: 4 } });
  expect(await saved("map")).toContainEqual({ name: "pin", patch: 0 });
  await page.evaluate(`(() => {
    const { model, listeners } = shown.map;
    model.set("properties", { ...model.get("properties"), label: "dog" });
    listeners.get("change:properties")();
  })()`);
  await expect.poll(() => page.locator("#map .map").getAttribute("aria-label")).toBe("dog");
});

test("words, heads with maps, and models side by side", async () => {
  expect(await page.locator("#words td.rank").allTextContents()).toEqual(["2nd", "1st"]);
  await page.locator("#heads [data-head='3 2']").hover();
  expect(await page.locator("#heads .text").textContent()).toBe("layer 3, head 2: 25 % on the image");
  expect(await page.locator("#heads #what").textContent()).toContain("Most at row 1, column 1");
  expect(await saved("heads")).toContainEqual({ name: "head", layer: 3, head: 2 });
  expect(await page.locator("#compare h2").allTextContents()).toEqual(["A <b>", "B"]);
  expect(await page.locator("#compare fovea-map").count()).toBe(2);
});

test("whole results, as fovea lens and attend write them", async () => {
  expect(await page.locator("#lens").getByRole("button", { name: "cat" }).count()).toBe(1);
  expect(await page.locator("#attend p.line").textContent()).toContain("50 % on the image");
});

test("a dark notebook gets dark elements; an ended widget listens no more", async () => {
  const ink = (name: string) =>
    page
      .locator(`#${name} fovea-map`)
      .first()
      .evaluate((map) => getComputedStyle(map).color);
  expect(await ink("map")).toBe("rgb(27, 27, 26)");
  expect(await ink("flat")).toBe("rgb(236, 235, 230)");
  expect(await page.evaluate("(shown.flat.end(), shown.flat.listeners.size)")).toBe(0);
  expect(site.errors).toEqual([]);
});

test("the Python package has the project's version", async () => {
  const root = join(import.meta.dirname, "../..");
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const project = await readFile(join(root, "packages/notebook/pyproject.toml"), "utf8");
  const module = await readFile(join(root, "packages/notebook/fovea_widgets/__init__.py"), "utf8");
  expect(project).toContain(`version = "${version}"`);
  expect(module).toContain(`__version__ = "${version}"`);
});
