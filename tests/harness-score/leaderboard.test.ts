import { execFile } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseHTML } from "linkedom";
import sharp from "sharp";
import { expect, test } from "vitest";
import { tableLines } from "../../src/harness/leaderboard/lines.ts";
import { leaderboardHtml } from "../../src/harness/leaderboard/page.ts";
import { makeLeaderboard, writeLeaderboard } from "../../src/harness/leaderboard/write.ts";
import { figurePng, figureSvg } from "../../src/harness/plots/figure.ts";
import { compareRuns } from "../../src/harness/score/compare.ts";
import { item, label, runOf, temporaryFolder, unparsable, writePictures, writeRun } from "./runs.ts";

const evil = `</script><script>alert("x")</script><img src=x onerror='alert(1)'> & co`;
const items = Array.from({ length: 24 }, (_, i) =>
  item(i, {
    question: evil,
    answer: i % 2 === 0 ? "A" : "B",
    difficulty: { crossings: i % 3, [evil]: i % 2 === 0 ? evil : "b" },
  }),
);
const points = Array.from({ length: 6 }, (_, i) =>
  item(100 + i, {
    task: "pointing",
    answerType: "points",
    answer: "50 50",
    regions: [{ kind: "box", box: [5, 2, 15, 8] }],
  }),
);

/** Three runs: one model over both tasks in two runs, and an evil one over the first. */
async function folders(): Promise<string[]> {
  const root = await temporaryFolder();
  await writePictures(join(root, "data"), [...items, ...points]);
  const good = items.map((one, i) => label(one, i < 20 ? one.answer : "A"));
  const bad = items.map((one, i) => (i % 4 === 0 ? unparsable(one, evil) : label(one, "B")));
  const pointed = points.map(({ id }, i) => ({
    id,
    text: evil,
    parsed: { type: "points" as const, points: [[i < 4 ? 10 : 1, 5]] as [number, number][] },
  }));
  return [
    await writeRun(join(root, "evil"), runOf(items, bad, { model: evil })),
    await writeRun(join(root, "good"), runOf(items, good)),
    await writeRun(join(root, "good-points"), runOf(points, pointed, { dataHash: "e".repeat(64) })),
  ];
}

test("models stand by tasks, best first, with the baselines below", async () => {
  const { table, pairs } = await makeLeaderboard(await folders());
  expect(table.rows.map(({ label: name }) => name)).toEqual(["checkpoints/a", evil]);
  expect(table.columns.map(({ label: name, items: count }) => [name, count])).toEqual([
    ["line-tracing", 24],
    ["pointing", 6],
  ]);
  expect(table.rows[0].cells.map((cell) => cell?.scores.accuracy.value)).toEqual([22 / 24, 4 / 6]);
  expect(table.rows[0].average?.value).toBeCloseTo((22 / 24 + 4 / 6) / 2, 12);
  expect(table.rows[1].average).toBeUndefined();
  expect(table.rows[1].unparsable).toBe(6);
  expect(table.baselines.map(({ name }) => name)).toEqual(["blind", "random", "majority"]);
  expect(pairs).toMatchObject([{ a: "checkpoints/a", b: evil, items: 24 }]);
});

test("two runs of a model over the same task are two rows, told apart by their folders", async () => {
  const [, good] = await folders();
  const again = await writeRun(
    `${good}-again`,
    runOf(
      items,
      items.map((one) => label(one, "A")),
    ),
  );
  const { table } = await makeLeaderboard([good, again]);
  expect(table.rows.map(({ label: name }) => name)).toEqual([
    `checkpoints/a · ${good}`,
    `checkpoints/a · ${again}`,
  ]);
});

test("a run that is not finished stands apart: no rank, no score, no test", async () => {
  const [evilRun, good] = await folders();
  const half = items.slice(0, 10).map((one) => label(one, one.answer));
  const unfinished = await writeRun(`${good}-half`, runOf(items, half, { model: "half" }));
  const board = await makeLeaderboard([evilRun, good, unfinished]);
  expect(board.table.rows.map(({ label: name }) => name)).toEqual(["checkpoints/a", evil]);
  expect(board.table.unfinished).toEqual([{ model: "half", folder: unfinished, answered: 10, items: 24 }]);
  expect(board.pairs.map(({ a, b }) => [a, b])).toEqual([["checkpoints/a", evil]]);
  expect(tableLines(board.table).slice(-2)).toEqual([
    "unfinished, and therefore neither ranked nor tested:",
    `  half: 10 of 24 questions answered (${unfinished})`,
  ]);
  const { document } = parseHTML(await leaderboardHtml(board));
  const section = [...document.querySelectorAll("section")].find(
    (node) => node.querySelector("h2")?.textContent === "Not finished",
  );
  expect(section?.querySelector("tbody tr")?.textContent).toContain("half10 of 24");
  const alone = await makeLeaderboard([unfinished]);
  expect(alone.table.rows).toEqual([]);
  expect(await leaderboardHtml(alone)).toContain("Not finished");
  await expect(compareRuns(good, unfinished)).rejects.toThrow(
    "is not finished: it has answers to 10 of 24 questions",
  );
});

test("parts of a data set are columns of their own", async () => {
  const root = await temporaryFolder();
  const right = items.map((one) => label(one, one.answer));
  const all = await writeRun(join(root, "all"), runOf(items, right));
  const part = await writeRun(
    join(root, "part"),
    runOf(items.slice(20), right.slice(20), { part: "held-out" }),
  );
  const { table } = await makeLeaderboard([all, part]);
  expect(table.columns.map(({ label: name, items: count }) => [name.split(" (")[1], count])).toEqual([
    ["data)", 24],
    ["data, held-out part)", 4],
  ]);
  expect(table.rows).toHaveLength(1);
});

test("no text of a model or of the data becomes markup", async () => {
  const html = await leaderboardHtml(await makeLeaderboard(await folders(), { title: evil }));
  const { document } = parseHTML(html);
  expect(document.querySelectorAll("script").length).toBe(0);
  expect(document.querySelectorAll("[onerror]").length).toBe(0);
  expect(html).not.toContain("<script");
  expect(document.querySelector("h1")?.textContent).toBe(evil);
  expect([...document.querySelectorAll(".question")].some((node) => node.textContent === evil)).toBe(true);
});

test("the page asks the network for nothing", async () => {
  const html = await leaderboardHtml(await makeLeaderboard(await folders()));
  const { document } = parseHTML(html);
  for (const image of document.querySelectorAll("img"))
    expect(image.getAttribute("src")).toMatch(/^data:image\/webp;base64,/);
  expect(document.querySelectorAll("link, iframe, object").length).toBe(0);
  expect(html).not.toMatch(/url\(|@import/);
});

test("failures are pictures with what was expected and what was said", async () => {
  const board = await makeLeaderboard(await folders(), { examples: 3 });
  const [first] = board.tasks[0].examples;
  expect(board.tasks[0].examples.length).toBe(3);
  expect(first.answers.some(({ outcome }) => outcome !== "right")).toBe(true);
  const bytes = Buffer.from(first.picture?.split(",")[1] ?? "", "base64");
  expect(await sharp(bytes).metadata()).toMatchObject({ format: "webp", width: 20, height: 10 });
});

test("a picture that is gone costs the picture only", async () => {
  const [, good] = await folders();
  const wrong = items.map((one) => label(one, "none"));
  const gone = await writeRun(good, runOf(items, wrong, { data: "../nowhere" }));
  const board = await makeLeaderboard([gone]);
  expect(board.tasks[0].examples.length).toBe(8);
  expect(await leaderboardHtml(board)).toContain(
    `images/${board.tasks[0].examples[0].item.id.split("/")[0]}.png is not there`,
  );
});

test("the folder holds page, numbers and plots; it is replaced, but nobody else's folder is", async () => {
  const runs = await folders();
  const out = join(await temporaryFolder(), "board");
  const board = await makeLeaderboard(runs);
  await writeLeaderboard(out, board);
  await writeLeaderboard(out, board);
  expect((await readdir(out)).sort()).toEqual(["index.html", "leaderboard.json", "plots"]);
  expect((await readdir(join(out, "plots"))).sort()).toContain("line-tracing-crossings.png");
  expect(JSON.parse(await readFile(join(out, "leaderboard.json"), "utf8")).models.length).toBe(2);
  const other = await temporaryFolder();
  await writeFile(join(other, "letter.txt"), "dear");
  await expect(writeLeaderboard(other, board)).rejects.toThrow("already exists and is not empty");
  expect(await readdir(other)).toEqual(["letter.txt"]);
});

test("a plot is a picture with every series in its colour, as SVG and PNG", async () => {
  const { tasks } = await makeLeaderboard(await folders());
  const plot = tasks[0].plots.find(({ axis }) => axis === "crossings");
  if (plot === undefined) throw new Error("no plot");
  expect(plot.series.map(({ label: name, slot }) => [name, slot]).slice(0, 2)).toEqual([
    ["checkpoints/a", 0],
    [evil, 1],
  ]);
  expect(plot.series[2].slot).toBe("baseline");
  const svg = figureSvg(plot);
  expect(svg).not.toContain("<script");
  for (const colour of ["#0072b2", "#d55e00"]) expect(svg).toContain(colour);
  const png = await figurePng(plot);
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  expect([info.width, info.height]).toEqual([1440, 2 * Number(/height="(\d+)"/.exec(svg)?.[1])]);
  const has = (r: number, g: number, b: number) => {
    for (let i = 0; i < data.length; i += 3)
      if (data[i] === r && data[i + 1] === g && data[i + 2] === b) return true;
    return false;
  };
  expect(has(0, 0x72, 0xb2) && has(0xd5, 0x5e, 0)).toBe(true);
});

test("fovea leaderboard takes any number of runs, and says what is wrong in one line", async () => {
  const runs = await folders();
  const out = join(await temporaryFolder(), "board");
  const fovea = (...args: string[]) => promisify(execFile)(process.execPath, ["src/cli/main.ts", ...args]);
  const { stdout } = await fovea("leaderboard", ...runs, "--out", out, "--json");
  expect(JSON.parse(stdout)).toMatchObject({
    out,
    version: 1,
    models: [{ label: "checkpoints/a" }, { label: evil }],
  });
  const failed = await fovea("leaderboard", runs[0]).catch((error) => error);
  expect(failed.stderr).toMatch(/^fovea: leaderboard: --out must be given.*\n$/);
});

test("no run, and a run given twice, are refused", async () => {
  const [run] = await folders();
  await expect(makeLeaderboard([])).rejects.toThrow("leaderboard: RUN must be given, got nothing");
  await expect(makeLeaderboard([run, `${run}/`])).rejects.toThrow("is given twice");
});
