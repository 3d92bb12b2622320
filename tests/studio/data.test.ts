/** The data room as a static site: made sets, and a folder that the visitor opens. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeImageFolder } from "../../src/data/imagefolder/write.ts";
import { drawnExampleMaker } from "../../src/data/tasks/drawn-examples.ts";
import { openStudioPage, type StudioPage } from "./harness.ts";

let studio: StudioPage;
let work: string;

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), "fovea-data-room-"));
  const make = drawnExampleMaker("line-tracing", { size: 64, lines: 2, crossings: [0, 1], width: 0.03 });
  const examples = Array.from({ length: 12 }, (_, i) => make(1, i)).map(
    ({ drawing: _, ...example }) => example,
  );
  await writeImageFolder(join(work, "lines"), examples);
  studio = await openStudioPage({ static: true, path: "#/data" });
}, 60_000);

afterAll(async () => {
  await studio?.close();
  await rm(work, { recursive: true, force: true });
});

const wall = () => studio.page.getByRole("listbox", { name: "Pictures" });
const nodes = () => wall().evaluate((list) => list.querySelectorAll("*").length);

test("100,000 made pictures scroll to the middle and the end, with few elements", async () => {
  await studio.page.getByText("100,000 pictures.").waitFor();
  await wall().getByRole("option").first().waitFor();
  const most = 600;
  for (const share of [0, 0.5, 1]) {
    await wall().evaluate((list, at) => {
      list.scrollTop = at * list.scrollHeight;
    }, share);
    const first = wall().getByRole("option").nth(3);
    const place = async () => Number(await first.getAttribute("aria-posinset")) / 100_000;
    await expect.poll(async () => Math.abs((await place()) - share)).toBeLessThan(0.01);
    await expect.poll(() => first.getAttribute("aria-label")).not.toBe("loading");
    expect(await nodes()).toBeLessThan(most);
  }
  expect(await wall().getByRole("option").last().getAttribute("aria-posinset")).toBe("100000");
});

test("a choice is made so, stands in the address, and the item of an address opens", async () => {
  await studio.page.getByLabel("task").selectOption("presence");
  await studio.page.getByText("of 100,000 pictures: presence").waitFor();
  expect(studio.page.url()).toContain("task=presence");
  await expect
    .poll(() => wall().getByRole("option").first().getAttribute("aria-label"))
    .toMatch(/^is there a/);
  await wall().focus();
  await studio.page.keyboard.press("ArrowRight");
  await studio.page.keyboard.press("Enter");
  await studio.page.getByText("2 of 100,000").waitFor();
  expect(studio.page.url()).toContain("at=1");
  await studio.page.getByRole("button", { name: "all pictures" }).click();
  await wall().waitFor();
});

test("a folder that the visitor opens is read, filtered and shown", async () => {
  await studio.page.locator("input.folder").setInputFiles(join(work, "lines"));
  await studio.page.getByText("12 pictures.").waitFor();
  await studio.page.getByLabel("Add a condition").selectOption('["axis.crossings","1"]');
  await studio.page.getByText(/of 12 pictures: crossings 1/).waitFor();
  expect(studio.errors).toEqual([]);
});
