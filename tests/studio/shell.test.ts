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
