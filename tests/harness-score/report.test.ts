import { join } from "node:path";
import { parseHTML } from "linkedom";
import { expect, test } from "vitest";
import { encodeMask } from "../../src/grounding/rle.ts";
import { maskOutline } from "../../src/harness/report/outline.ts";
import { type ReportPage, reportPage } from "../../src/harness/report/page.ts";
import { shownGroups } from "../../src/harness/report/shown.ts";
import { compareRuns } from "../../src/harness/score/compare.ts";
import { scoreRun } from "../../src/harness/score/scores.ts";
import { item, label, runOf, temporaryFolder, unparsable, writePictures, writeRun } from "./runs.ts";

const evil = `</style><script>alert("x")</script><img src=x onerror='alert(1)'> & co`;
const items = Array.from({ length: 12 }, (_, i) => item(i, { question: `${evil} ${i}` }));

/** Before: right on 0 to 3; after: right on 2 to 9. So 6 gained, 2 lost, 2 wrong, 2 right. */
async function page(change: Partial<ReportPage> = {}, shown = items): Promise<ReportPage> {
  const root = await temporaryFolder();
  await writePictures(join(root, "data"), shown);
  const said = (right: (i: number) => boolean) =>
    shown.map((one, i) => (right(i) ? label(one, "A") : i === 11 ? unparsable(one, evil) : label(one, "B")));
  const before = runOf(shown, said((i) => i < 4), { model: evil }); // biome-ignore format: one line
  const after = runOf(shown, said((i) => i >= 2 && i < 10), { model: "run/model" }); // biome-ignore format: one line
  const folders = [await writeRun(join(root, "before"), before), await writeRun(join(root, "after"), after)];
  const runs = [before, after].map((run, i) => ({ ...run, folder: folders[i] }));
  return {
    data: "my-data",
    names: [evil, "run/model"],
    models: [evil, "run/model"],
    scores: [scoreRun(before), scoreRun(after)],
    comparison: await compareRuns(after, before),
    pictures: 12,
    groups: await shownGroups(runs, 0),
    ...change,
  };
}

test("the page shows what was gained and what was lost, and says in words whether that is chance", async () => {
  const { document } = parseHTML(await reportPage(await page()));
  const heads = [...document.querySelectorAll("section h2")].map((node) => node.textContent);
  expect(heads).toEqual([
    "Right answers",
    "Gained: only run/model is right",
    `Lost: only ${evil} is right`,
    "Wrong both times",
    "Right both times",
  ]);
  const counts = [...document.querySelectorAll(".group > p")].map((node) => node.textContent);
  expect(counts).toEqual(["6 questions.", "2 questions.", "2 questions.", "2 questions."]);
  expect(document.querySelector(".lead")?.textContent).toContain("6 gained, 2 lost.");
  expect(document.querySelector(".lead")?.textContent).toContain(
    "it can be chance (McNemar's exact test, p = 0.29)",
  );
  const chips = [...document.querySelectorAll(".group .chip.right, .group .chip.wrong")].map(
    (n) => n.textContent,
  );
  expect(chips).toContain("right A");
  expect(chips).toContain("wrong B");
  expect(chips.some((text) => text?.includes("not read") && text.includes("no label was found"))).toBe(true);
});

test("no text of a model or of the data becomes markup, and the network is asked for nothing", async () => {
  const html = await reportPage(await page());
  const { document } = parseHTML(html);
  expect(document.querySelectorAll("script, link, iframe, object, [onerror]").length).toBe(0);
  expect(html).not.toContain("<script");
  expect(html).not.toMatch(/https?:|url\(|@import/);
  for (const image of document.querySelectorAll("img"))
    expect(image.getAttribute("src")).toMatch(/^data:image\/webp;base64,/);
});

test("evidence is spoken of only where it can be seen", async () => {
  const regions = [
    [{ kind: "box", box: [2, 2, 8, 8] }],
    [],
    [{ kind: "box", box: [30, 30, 40, 40] }],
    [
      { kind: "box", box: [2, 2, 8, 8] },
      { kind: "points", points: [[50, 5]] },
    ],
  ] as const;
  const shown = Array.from({ length: 12 }, (_, i) =>
    item(i, { question: "which ?", regions: regions[i % 4] }),
  );
  const { document } = parseHTML(await reportPage(await page({}, shown)));
  const notes = (id: string) => {
    const card = [...document.querySelectorAll(".asked")].find((node) =>
      node.querySelector(".facts")?.textContent?.endsWith(` ${id}`),
    );
    return [card?.querySelector(".interval")?.textContent, card?.querySelectorAll(".evidence").length];
  };
  expect(notes("0/0")).toEqual(["evidence dashed", 1]);
  expect(notes("1/0")).toEqual(["the data marks no evidence", 0]);
  expect(notes("2/0")[0]).toBe("the marked evidence lies outside of the picture");
  expect(notes("3/0")[0]).toBe("evidence dashed; 1 of 2 places lie outside of the picture");
});

test("of one model alone the page shows what it got wrong", async () => {
  const { comparison: _, ...both } = await page();
  const root = await temporaryFolder();
  await writePictures(join(root, "data"), items);
  const run = runOf(items, items.map((one, i) => label(one, i < 10 ? "A" : "B"))); // biome-ignore format: one line
  const folder = await writeRun(join(root, "run"), run);
  const alone = {
    ...both,
    names: ["a"],
    models: ["checkpoints/a"],
    scores: [scoreRun(run)],
    groups: await shownGroups([{ ...run, folder }], 0),
  };
  const { document } = parseHTML(await reportPage(alone));
  const heads = [...document.querySelectorAll("section h2")].map((node) => node.textContent);
  expect(heads).toEqual(["Right answers", "Answered wrongly", "Answered rightly"]);
  expect(document.querySelector("h1")?.textContent).toBe("a on my-data");
});

test("a mask's outline runs along its edges, holes among them", () => {
  const mask = new Uint8Array(6 * 5);
  for (const i of [7, 8, 9, 13, 15, 19, 20, 21]) mask[i] = 1; // A ring of 3 x 3 with a hole, at 1, 1.
  const path = maskOutline(encodeMask(mask, 5, 6));
  const lines = path.match(/M[^M]+/g)?.sort();
  expect(lines).toEqual(
    ["M1,1H4", "M2,2H3", "M2,3H3", "M1,4H4", "M1,1V4", "M2,2V3", "M3,2V3", "M4,1V4"].sort(),
  );
  expect(maskOutline(encodeMask(new Uint8Array(30), 5, 6))).toBe("");
});
