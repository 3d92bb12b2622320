/** The frame of the page, behind the server and as a static site. */
import { expect, test } from "vitest";
import { openStudioPage } from "./harness.ts";

for (const isStatic of [false, true])
  test(`the page opens with its rooms, ${isStatic ? "static" : "behind its server"}`, async () => {
    const studio = await openStudioPage({ static: isStatic });
    const names = await studio.page.getByRole("navigation").getByRole("link").allTextContents();
    expect(names).toEqual(["Play", "Look", "Learn", "Data", "Boards"]);
    await studio.page.getByRole("link", { name: "Look" }).click();
    await studio.page.locator("studio-look").waitFor();
    expect(studio.errors).toEqual([]);
    await studio.close();
  });

test("a room has its title, the keyboard skips to it, and light or dark is kept", async () => {
  const { page, close } = await openStudioPage({ colorScheme: "light", path: "#/boards" });
  expect(await page.title()).toBe("Boards: Fovea Studio");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  expect(
    await page.evaluate(() => document.querySelector("studio-shell")?.shadowRoot?.activeElement?.id),
  ).toBe("main");
  expect(page.url()).toMatch(/#\/boards$/);
  await page.getByRole("button", { name: "dark" }).click();
  await page.reload();
  await page.getByRole("button", { name: "light" }).waitFor();
  expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe("dark");
  await close();
});
