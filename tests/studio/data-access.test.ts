/** The views of Data and Boards that open by a click: axe finds nothing serious, and none is wider than the page. */
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeRuns } from "./boards-runs.ts";
import { openStudioPage, type StudioPage } from "./harness.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

async function faults(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { axe } = globalThis as typeof globalThis & { axe: typeof import("axe-core") };
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    const { scrollWidth, clientWidth } = document.documentElement;
    return [
      ...(scrollWidth > clientWidth ? [`${scrollWidth - clientWidth} px too wide`] : []),
      ...violations
        .filter(({ impact }) => impact === "serious" || impact === "critical")
        .flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.flat().join(" ")}`)),
    ];
  });
}

describe.each([
  ["wide and light", { viewport: { width: 1440, height: 900 }, colorScheme: "light" }],
  ["narrow and dark", { viewport: { width: 400, height: 800 }, colorScheme: "dark" }],
] as const)("%s", (_, context) => {
  let studio: StudioPage;
  let work: string;

  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), "fovea-data-access-"));
    const { run, answerOf } = await writeRuns(work);
    await run("good", answerOf);
    await run("poor", () => "maybe");
    studio = await openStudioPage({
      static: true,
      bypassCSP: true,
      path: "#/data?data=scenes:1",
      ...context,
    });
  });
  afterAll(async () => {
    await studio?.close();
    await rm(work, { recursive: true, force: true });
  });

  const open = async (path: string, text: string) => {
    await studio.page.goto(`${studio.address}${path}`);
    await studio.page.getByText(text).first().waitFor();
    await studio.page.waitForTimeout(500);
    return faults(studio.page);
  };

  it("the wall", async () => expect(await open("#/data?data=scenes:1", "100,000 pictures.")).toEqual([]));
  it("an item", async () => expect(await open("#/data?data=scenes:1&at=3", "4 of 100,000")).toEqual([]));
  it("lines to trace", async () => expect(await open("#/data?view=trial", "which end does")).toEqual([]));

  it("a folder of the visitor's, and its labels edited", async () => {
    const { page } = studio;
    await page.goto(`${studio.address}#/data?data=scenes:1`);
    await page.locator("studio-data input.folder").setInputFiles(join(work, "data"));
    await page.getByText("12 pictures.").waitFor();
    expect(await open("#/data?data=own&at=2&edit=1", "add a word")).toEqual([]);
    await page.getByRole("button", { name: "add a word" }).click();
    await page.keyboard.type("road");
    await page.getByRole("button", { name: "box", exact: true }).click();
    await page.locator("studio-label-canvas").getByRole("group").press("Enter");
    await page.getByRole("button", { name: /^box .* of road$/ }).waitFor();
    expect(await faults(page)).toEqual([]);
  });

  it("a board and its answers", async () => {
    const { page } = studio;
    await page.goto(`${studio.address}#/boards`);
    await page.locator("studio-boards input.folder").setInputFiles(work);
    await page.getByText(/^2 models on presence/).waitFor();
    expect(await open("#/boards?row=1&column=0", "models/poor on presence")).toEqual([]);
  });
});
