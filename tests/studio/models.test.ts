/** A visitor changes the models in the page: another shipped one, a folder of theirs, an address; closes one, tries again. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { StudioShell } from "../../src/studio/page/shell.ts";
import { openStudioPage, type StudioPage } from "./harness.ts";

const root = join(import.meta.dirname, "../..");

let studio: StudioPage;
beforeAll(async () => {
  studio = await openStudioPage({ static: true });
}, 120_000);
afterAll(() => studio.close());

/** Waits until a place's model is open or has failed, and says which. */
function settled(letter: string): Promise<string> {
  return studio.page.evaluate(async (wanted) => {
    const shell = document.querySelector("studio-shell") as StudioShell;
    const slot = () => shell.studio?.slots.find((one) => one.letter === wanted);
    while (slot()?.loading !== undefined) await new Promise((resolve) => setTimeout(resolve, 50));
    return slot()?.failed ?? slot()?.model?.card.name ?? "none";
  }, letter);
}

const change = (letter: string) =>
  studio.page.getByRole("button", { name: `change model ${letter}`, exact: true }).click();

test("another shipped model takes the second place", async () => {
  expect(await settled("b")).toBe("full");
  await change("B");
  const dialog = studio.page.getByRole("dialog", { name: "Change model B" });
  await expect
    .poll(() => dialog.textContent())
    .toMatch(/1\.4 M parameters, 4 layers, 220 words; runs in this page, wasm/);
  await dialog.getByRole("button", { name: /^ntp-lll/ }).click();
  expect(await settled("b")).toBe("ntp-lll");
}, 120_000);

test("a folder of one's own opens, called as it is", async () => {
  await change("B");
  const input = studio.page.getByRole("dialog", { name: "Change model B" }).locator("input[type=file]");
  await input.setInputFiles(join(root, "checkpoints/ntp-klal"));
  expect(await settled("b")).toBe("ntp-klal");
}, 120_000);

test("what is no model says so in one line and can be tried again; closing takes it away", async () => {
  await change("B");
  const dialog = studio.page.getByRole("dialog", { name: "Change model B" });
  const address = dialog.getByRole("textbox", { name: "Address of a checkpoint's folder" });
  await address.fill("ftp://nowhere");
  await dialog.getByRole("button", { name: "open", exact: true }).click();
  await dialog.getByText("The address must be one of http or https").waitFor();
  await address.fill("models/nothing/");
  await dialog.getByRole("button", { name: "open", exact: true }).click();
  const told = await settled("b");
  expect(told).toMatch(/models\/nothing/);
  expect(told).not.toMatch(/\n/);
  await studio.page.getByRole("button", { name: "try again" }).click();
  expect(await settled("b")).toBe(told);
  await change("B");
  await dialog.getByRole("button", { name: "close model B" }).click();
  expect(await settled("b")).toBe("none");
}, 120_000);

test("a model is added in the free place", async () => {
  await studio.page.getByRole("button", { name: "add a model B" }).click();
  const dialog = studio.page.getByRole("dialog", { name: "Add model B" });
  await dialog.getByRole("textbox").fill("models/full/");
  await dialog.getByRole("textbox").press("Enter");
  expect(await settled("b")).toBe("full");
  expect(studio.errors.filter((text) => !text.includes("404"))).toEqual([]);
}, 120_000);
