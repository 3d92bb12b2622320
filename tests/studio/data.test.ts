/** The data room as a static site: made sets, and a folder that the visitor opens. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readExampleRefs } from "../../src/data/imagefolder/read.ts";
import { writeImageFolder } from "../../src/data/imagefolder/write.ts";
import { drawnExampleMaker } from "../../src/data/tasks/drawn-examples.ts";
import { trialMaker } from "../../src/studio/page/data/trial/trial.ts";
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

test("labels are drawn by hand and by keyboard, undone, and saved as a file of their own", async () => {
  const { page } = studio;
  await page.goto(`${studio.address}#/data?data=own&at=2&edit=1`);
  const picture = page.locator("studio-label-canvas");
  await picture.waitFor();
  await page.getByRole("button", { name: "add a word" }).click();
  await page.keyboard.type("knot");
  await page.getByRole("button", { name: "box", exact: true }).click();
  const place = (await picture.boundingBox()) as { x: number; y: number; width: number };
  const pixel = place.width / 64;
  await page.mouse.move(place.x + 10 * pixel, place.y + 12 * pixel);
  await page.mouse.down();
  await page.mouse.move(place.x + 30 * pixel, place.y + 20 * pixel, { steps: 3 });
  await page.mouse.up();
  const drawn = page.getByRole("button", { name: /of knot$/ });
  await expect.poll(() => drawn.first().getAttribute("aria-label")).toBe("box 10, 12 to 30, 20 of knot");
  await drawn.first().focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Shift+ArrowDown");
  await expect.poll(() => drawn.first().getAttribute("aria-label")).toBe("box 11, 12 to 31, 21 of knot");
  await page.getByRole("button", { name: "undo" }).click();
  await expect.poll(() => drawn.first().getAttribute("aria-label")).toBe("box 11, 12 to 31, 20 of knot");
  await page.getByRole("button", { name: "brush" }).click();
  await page.mouse.move(place.x + 40 * pixel, place.y + 40 * pixel);
  await page.mouse.down();
  await page.mouse.move(place.x + 50 * pixel, place.y + 40 * pixel, { steps: 3 });
  await page.mouse.up();
  await expect.poll(() => drawn.count()).toBe(2);
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "save" }).click();
  const file = await download;
  expect(file.suggestedFilename()).toBe("metadata.edited-1.jsonl");
  await file.saveAs(join(work, "lines/metadata.edited-1.jsonl"));
  const [before, after] = await Promise.all(
    ["lines", "lines/metadata.edited-1.jsonl"].map((data) => readExampleRefs(join(work, data))),
  );
  const { concepts } = await after[2].load();
  expect(concepts.at(-1)).toMatchObject({
    word: "knot",
    regions: [
      { kind: "box", box: [11, 12, 31, 20] },
      { kind: "mask", size: [64, 64] },
    ],
  });
  expect(concepts.slice(0, -1)).toEqual(before[2].concepts);
  expect(after.map(({ questions }) => questions)).toEqual(before.map(({ questions }) => questions));
  await page.getByText("metadata.edited-1.jsonl").waitFor();
  expect(studio.errors).toEqual([]);
});

test("lines can be traced by hand, against the model on the same pictures", async () => {
  const { page } = studio;
  await page.goto(`${studio.address}#/data?view=trial`);
  await page
    .getByText(/The model is checkpoints\/line-tracing/)
    .or(page.getByText(/you play alone/))
    .waitFor();
  const items = [0, 1].map((i) => trialMaker("easy")(1, i));
  const [first] = items[0].questions;
  await page.getByText(`1. ${first.question}`).waitFor();
  await page.getByRole("button", { name: first.answer, exact: true }).click();
  await page.getByText(`It ends at ${first.answer}. You said ${first.answer}: right.`).waitFor();
  await page.keyboard.press("Enter");
  const [second] = items[1].questions;
  await page.getByText(`2. ${second.question}`).waitFor();
  const wrong = second.choices?.find((choice) => choice !== second.answer) ?? "";
  await page.keyboard.press(wrong);
  await page.getByText(new RegExp(`It ends at ${second.answer}. You said ${wrong}: wrong`)).waitFor();
  await page.getByText(/^You were right 1 of 2 times/).waitFor();
  expect(studio.errors.filter((line) => !line.includes("404"))).toEqual([]);
});
