/** Boards: the table of run folders, what was answered, and folders that are strange. */
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hono } from "hono";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadRuns } from "../../src/harness/leaderboard/load.ts";
import { buildTable } from "../../src/harness/leaderboard/table.ts";
import { answersOf, type Board, boardOf, boardSentence } from "../../src/studio/page/boards/board.ts";
import { joined } from "../../src/studio/page/boards/source.ts";
import { createBoardsApp } from "../../src/studio/server/boards.ts";
import { createDataApp, dataPlaces } from "../../src/studio/server/data.ts";
import { errorReply } from "../../src/studio/server/errors.ts";
import { writeRuns } from "./boards-runs.ts";

/** With the errors of the whole server. */
const refusing = (app: Hono) => new Hono().onError(errorReply()).route("/", app);

let work: string;

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), "fovea-boards-"));
  const { answerOf, run } = await writeRuns(work);
  await run("good", answerOf);
  await run("poor", (i) => (i < 3 ? answerOf(i) : "maybe"));
  await run("half", answerOf, 5);
});

afterAll(() => rm(work, { recursive: true }));

const app = (folder = "runs") => refusing(createBoardsApp({ folders: [join(work, folder)] }));
const board = async (folder?: string) => (await app(folder).request("/")).json() as Promise<Board>;
const cell = "row=1&column=0&shown=wrong&from=0&count=24";

test("finished runs are rows with intervals, unfinished ones stand apart", async () => {
  const { rows, columns, unfinished, baselines, axes } = await board();
  expect(columns).toEqual([{ label: "presence", task: "presence", items: 12 }]);
  expect(rows.map(({ label, cells }) => [label, cells[0]?.accuracy.value])).toEqual([
    ["models/good", 1],
    ["models/poor", 0.25],
  ]);
  expect(rows[0].cells[0]?.accuracy.low).toBeCloseTo(0.7575, 4); // Wilson, 12 of 12.
  expect(unfinished).toMatchObject([{ model: "models/half", answered: 5, items: 12 }]);
  expect(baselines.map(({ name }) => name)).toEqual(["blind", "random", "majority"]);
  expect(axes[0].map(({ axis }) => axis)).toEqual(["crossings"]);
});

test("a cell opens what was answered, with what the others said", async () => {
  const wrong = await (await app().request(`/answers?${cell}`)).json();
  expect(wrong.count).toBe(9);
  expect(wrong.answered[0]).toMatchObject({
    item: { id: "p3/0", question: "is it ?", answer: "no" },
    said: [
      { text: "no", outcome: "right" },
      { text: "maybe", outcome: "unparsable", problem: "neither yes nor no" },
    ],
  });
  const table = buildTable(await loadRuns(["good", "poor"].map((name) => join(work, "runs", name))));
  const count = (row: number, shown: Parameters<typeof answersOf>[1]["shown"]) =>
    answersOf(table, { row, column: 0, shown, from: 0, count: 4 }).count;
  expect([count(1, "right"), count(1, "all"), count(1, "wrong by this alone"), count(0, "wrong")]).toEqual([
    3, 12, 9, 0,
  ]);
  expect(answersOf(table, { row: 1, column: 0, shown: "wrong", from: 8, count: 4 }).answered).toHaveLength(1);
});

test("a sentence says what is above guessing and what is not", async () => {
  const sentence = boardSentence(await board());
  expect(sentence).toMatch(
    /^2 models on presence, 12 questions\. Not above .* without the picture: models\/poor\.$/,
  );
  expect(boardSentence(boardOf(buildTable([]), []))).toBe("No run is finished yet.");
});

test("pictures come from the data that was asked alone", async () => {
  const picture = await app().request(`/picture?${cell}&side=64`);
  expect(picture.headers.get("content-type")).toBe("image/png");
  await cp(join(work, "runs"), join(work, "moved/deep/runs"), { recursive: true });
  const gone = await app("moved").request(`/picture?${cell}&side=64`);
  expect(gone.status).not.toBe(200);
});

test("strange folders are passed over with a reason", async () => {
  const strange = join(work, "strange");
  await cp(join(work, "runs/good"), join(strange, "good"), { recursive: true });
  await mkdir(join(strange, "empty/run.json"), { recursive: true });
  await cp(join(work, "runs/good"), join(strange, "broken"), { recursive: true });
  await writeFile(join(strange, "broken/items.jsonl"), '{"id": 3}\n');
  await cp(join(work, "runs/good"), join(strange, "cut"), { recursive: true });
  await rm(join(strange, "cut/answers.jsonl"));
  await cp(join(work, "runs/good"), join(strange, "linked"), { recursive: true });
  await rm(join(strange, "linked/answers.jsonl"));
  await writeFile(join(work, "secret.jsonl"), "secret\n");
  await symlink(join(work, "secret.jsonl"), join(strange, "linked/answers.jsonl"));
  await symlink(join(work, "runs"), join(strange, "elsewhere"));
  const { rows, skipped } = await board("strange");
  expect(rows).toHaveLength(1);
  expect(skipped.map(({ folder }) => folder.split("/").at(-1))).toEqual(["broken", "cut", "linked"]);
  expect(skipped[0].problem).toMatch(/items.jsonl, line 1: id: /);
  expect(JSON.stringify(skipped)).not.toContain('"secret"');
});

test("questions that make no sense are refused", async () => {
  for (const query of [
    "row=1",
    "row=-1&column=0&shown=wrong&from=0&count=2",
    `${cell.replace("wrong", "odd")}`,
  ])
    expect((await app().request(`/answers?${query}`)).status).not.toBe(200);
});

test("a path of a run stays within what was opened", () => {
  expect(joined("out/evals/a", "../../../data")).toBe("data");
  expect(joined("a", "../../data")).toBeUndefined();
  expect(joined("a", "/data")).toBeUndefined();
});

test("who was wrong in a run over a data folder is a condition of its pictures", async () => {
  const places = await dataPlaces(join(work, "data"));
  const data = refusing(createDataApp({ places, evaluations: [join(work, "runs")] }));
  const find = async (query: string) => (await data.request(`/data/find?${query}`)).json();
  const { facets } = await find("");
  expect(facets.models["models/poor"]).toEqual({
    label: "models/poor",
    counts: [
      ["right", 3],
      ["wrong", 9],
    ],
  });
  expect((await find("by.models/poor=wrong&by.models/good=right")).count).toBe(9);
  expect((await find("by.models/half=right")).count).toBe(5);
  const other = refusing(createDataApp({ places, evaluations: [join(work, "strange")] }));
  await writeFile(join(work, "data/metadata.jsonl"), `${JSON.stringify({ file_name: "p0.png" })}\n`);
  expect((await (await other.request("/data/find")).json()).facets.models).toEqual({});
});
