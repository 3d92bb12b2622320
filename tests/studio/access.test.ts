/** Every room, wide and light, narrow and dark: axe finds nothing serious, and nothing reaches beyond the page's width. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rooms } from "../../src/studio/page/address.ts";
import { openStudioPage, type StudioPage } from "./harness.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds, as lines; `bypassCSP` lets it into the page. */
async function faults(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: typeof import("axe-core") };
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.flat().join(" ")}`));
  });
}

/** How far the page reaches beyond its window, in pixels, and the first element that does. */
function beyond(page: Page): Promise<string> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth <= clientWidth ? "nothing" : `${scrollWidth - clientWidth} px`;
  });
}

describe.each([
  ["wide and light", { viewport: { width: 1440, height: 900 }, colorScheme: "light" }],
  ["narrow and dark", { viewport: { width: 400, height: 800 }, colorScheme: "dark" }],
] as const)("%s", (_, context) => {
  let studio: StudioPage;
  beforeAll(async () => {
    studio = await openStudioPage({ static: true, bypassCSP: true, ...context });
    await studio.page.waitForFunction(() => document.body.dataset.kept !== undefined);
  });
  afterAll(() => studio.close());

  it.each(rooms)("%s", async (room) => {
    const { page } = studio;
    await page.goto(`${studio.address}#/${room}`);
    await page.locator(`studio-${room}`).waitFor();
    await page.waitForTimeout(1500); // What a room draws once it knows its models and its picture.
    expect(await faults(page)).toEqual([]);
    expect(await beyond(page)).toBe("nothing");
    expect(studio.errors).toEqual([]);
  });
});
