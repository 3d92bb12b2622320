/** A static site that has loaded needs no network any more: rooms that were not opened, models, a reload. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { StudioShell } from "../../src/studio/page/shell.ts";
import { openStudioPage, type StudioPage } from "./harness.ts";

let studio: StudioPage;
beforeAll(async () => {
  studio = await openStudioPage({ static: true });
  await studio.page.waitForFunction(() => "kept" in document.body.dataset, undefined, { timeout: 120_000 });
  await studio.cutOff();
}, 180_000);
afterAll(() => studio.close());

/** What the second model says of a blank picture. */
function answer(): Promise<string> {
  return studio.page.evaluate(async () => {
    const { studio } = document.querySelector("studio-shell") as StudioShell;
    while (studio?.slots[1]?.model === undefined) {
      if (studio?.slots[1]?.failed !== undefined) throw new Error(studio.slots[1].failed);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const picture = { width: 64, height: 64, data: new Uint8Array(64 * 64 * 3).fill(128) };
    const { answers } = await studio.slots[1].model.run("glance", {
      picture,
      questions: ["is there a cat ?"],
    });
    return answers[0].answer;
  });
}

test("the models go on answering", async () => {
  expect(await answer()).toBe("no");
});

test("rooms open that were not open before", async () => {
  for (const room of ["Look", "Learn", "Data", "Boards", "Play"]) {
    await studio.page.getByRole("link", { name: room, exact: true }).click();
    await studio.page.locator(`studio-${room.toLowerCase()}`).waitFor();
  }
  expect(studio.errors.filter((text) => !text.includes("404"))).toEqual([]);
});

test("the page loads anew, with its models", async () => {
  await studio.page.reload();
  await studio.page.waitForFunction(() => "ready" in document.body.dataset);
  expect(await answer()).toBe("no");
}, 120_000);

test("a model that was not loaded says in one line that it cannot be", async () => {
  const failed = await studio.page.evaluate(async () => {
    const { studio } = document.querySelector("studio-shell") as StudioShell;
    await studio?.open("c", {
      title: "another",
      source: { address: new URL("models/9/", location.href).href },
    });
    return studio?.slots.find(({ letter }) => letter === "c")?.failed;
  });
  expect(failed).toMatch(/models\/9/);
  expect(failed).not.toMatch(/\n/);
});
