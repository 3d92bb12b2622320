/** Runs over HTTP, below the given folder only; and what the page makes of their lines. */
import { appendFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeFileWhole } from "../../src/common/files.ts";
import { thisProcess } from "../../src/common/process.ts";
import { filesSource } from "../../src/hub/source/files.ts";
import {
  differing,
  noContent,
  type RunList,
  settingsOf,
  type Tail,
  thinned,
  withMetrics,
  withProbes,
} from "../../src/studio/page/learn/run-data.ts";
import { chosenKey, chosenRuns, filmMap, filmRows, runCurves } from "../../src/studio/page/learn/run-view.ts";
import { droppedRuns } from "../../src/studio/page/learn/runs-source.ts";
import { errorReply } from "../../src/studio/server/errors.ts";
import { createRunsApp } from "../../src/studio/server/runs.ts";
import { packShares } from "../../src/train/report/probe-lines.ts";

const step = (n: number, loss: number | null = 1) =>
  `${JSON.stringify({
    kind: "step",
    step: n,
    loss,
    parts: { ntp: loss },
    gradientNorm: 1,
    learningRate: 0.1,
    tokensPerSecond: 1,
    secondsPerStep: 1,
    dataShare: 0,
  })}\n`;

let folder: string;
let outside: string;
beforeAll(async () => {
  outside = await mkdtemp(join(tmpdir(), "fovea-outside-"));
  folder = await mkdtemp(join(tmpdir(), "fovea-runs-"));
  await writeFile(join(outside, "metrics.jsonl"), step(1));
  const run = async (name: string, config: string, lines: string) => {
    await mkdir(join(folder, name), { recursive: true });
    await writeFile(join(folder, name, "config.yaml"), config);
    await writeFile(join(folder, name, "metrics.jsonl"), lines);
  };
  await run("ntp", "train: { steps: 10, seed: 0 }\nlosses: { lll: { weight: 0 } }\n", step(1) + step(2));
  await run("sweep/lll", "train: { steps: 10, seed: 0 }\nlosses: { lll: { weight: 1 } }\n", step(1));
  await run("broken", "a: [", "not a line\n");
  await mkdir(join(folder, "ntp", "model"));
  await writeFile(join(folder, "ntp", "model", "config.json"), "{}");
  await writeFile(join(folder, "sweep", "lll", "lock"), JSON.stringify(thisProcess()));
  await symlink(outside, join(folder, "link"));
  await mkdir(join(folder, "inner"));
  await symlink(join(outside, "metrics.jsonl"), join(folder, "inner", "metrics.jsonl"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await rm(outside, { recursive: true });
});

const ask = async (path: string) =>
  new Hono().onError(errorReply()).route("/", createRunsApp({ folder })).request(path);
async function tail(run: string, from = 0, file = ""): Promise<Tail> {
  const query = new URLSearchParams({ run, from: String(from), file });
  const response = await ask(`/tail/metrics?${query}`);
  expect(response.status).toBe(200);
  return (await response.json()) as Tail;
}

describe("the list of runs", () => {
  it("has what lies below the folder with its state and settings, and says what was passed over", async () => {
    const { runs, skipped } = (await (await ask("/")).json()) as RunList;
    expect(runs.map(({ name, state, steps }) => [name, state, steps])).toEqual([
      ["broken", "stopped", undefined],
      ["inner", "stopped", undefined],
      ["ntp", "finished", 10],
      ["sweep/lll", "running", 10],
    ]);
    expect(skipped).toEqual([{ name: "link", reason: "it is a link; links are not followed" }]);
    expect(differing(runs.filter(({ steps }) => steps === 10))).toEqual(["losses.lll.weight"]);
  });
});

describe("the lines of a run", () => {
  it("come whole, from where one stopped, and from the beginning of a file that was written anew", async () => {
    const first = await tail("ntp");
    expect(first.text).toBe(step(1) + step(2));
    const path = join(folder, "ntp", "metrics.jsonl");
    await appendFile(path, step(3) + step(4).slice(0, 20));
    const second = await tail("ntp", first.next, first.file);
    expect(second.text).toBe(step(3));
    await appendFile(path, step(4).slice(20));
    expect((await tail("ntp", second.next, second.file)).text).toBe(step(4));
    await writeFileWhole(path, step(1));
    const again = await tail("ntp", second.next, second.file);
    expect([again.text, again.file === first.file]).toEqual([step(1), false]);
  });

  it("of what leads out, is no run, or asks for something else are refused in one line", async () => {
    for (const query of ["run=../outside", "run=link", "run=inner", "run=%2Fetc"]) {
      const response = await ask(`/tail/metrics?${query}`);
      expect(response.status).toBe(404);
      const { error } = (await response.json()) as { error: { message: string; code: string } };
      expect(error).toEqual({
        message: expect.stringMatching(/^runs: metrics\.jsonl of this run: .+$/),
        code: "not_found",
      });
    }
    for (const run of ["none", "a\0b"]) expect((await tail(run)).text).toBe("");
    expect((await ask("/tail/metrics?run=ntp&from=-1")).status).toBe(400);
    expect((await ask("/tail/metrics")).status).toBe(400);
    expect((await ask("/tail/config?run=ntp")).status).toBe(404);
  });

  it("that are longer than an answer are passed over", async () => {
    const path = join(folder, "broken", "metrics.jsonl");
    await writeFile(path, `${"x".repeat(5_000_000)}\n${step(7)}`);
    let [text, next, file, more] = ["", 0, "", true];
    for (let i = 0; more && i < 5; i++) {
      const part: Tail = await tail("broken", next, file);
      text += part.text;
      ({ next, file, more } = part);
    }
    expect(withMetrics(noContent, text).steps.map((line) => line.step)).toEqual([7]);
  });
});

describe("a dropped folder", () => {
  it("is one run, or holds several; its half line is left out, and what is no run is refused", async () => {
    const blob = (text: string) => new Blob([text]);
    const files = (at: string) => [
      { path: `out/${at}metrics.jsonl`, blob: blob(step(1) + step(2).slice(0, 9)) },
      { path: `out/${at}config.yaml`, blob: blob("train: { steps: 4 }") },
      { path: `out/${at}model/config.json`, blob: blob("{}") },
    ];
    const { signal } = new AbortController();
    const one = droppedRuns(filesSource(files("")));
    expect((await one.list(signal)).runs).toEqual([
      { name: "out", state: "finished", steps: 4, settings: { "train.steps": 4 } },
    ]);
    const tail = await one.tail("out", "metrics", { next: 0, file: "" }, signal);
    expect([tail?.text, tail?.more]).toEqual([step(1), false]);
    expect((await one.tail("out", "metrics", tail as Tail, signal))?.text).toBe("");
    expect(await one.tail("out", "probes", { next: 0, file: "" }, signal)).toBeUndefined();
    const two = droppedRuns(filesSource([...files("a/"), ...files("b/")]));
    expect((await two.list(signal)).runs.map(({ name }) => name)).toEqual(["a", "b"]);
    const none = droppedRuns(filesSource([{ path: "x/y.txt", blob: blob("") }]));
    await expect(none.list(signal)).rejects.toThrow("found no metrics.jsonl");
  });
});

describe("what is shown of runs", () => {
  const geometry = {
    original: { width: 2, height: 1 },
    processed: { width: 2, height: 1 },
    ...{ scaleX: 1, scaleY: 1, offsetX: 0, offsetY: 0, patch: 1 },
    grid: { rows: 1, columns: 2 },
  };
  const picture = { id: "p", png: "AA==", geometry, concept: "cat", conceptShares: packShares([1, 0]) };
  const contentOf = (lens: readonly number[]) => ({
    ...withMetrics(noContent, step(1) + step(2)),
    pictures: [picture],
    maps: [{ kind: "maps" as const, step: 2, maps: [{ lens: packShares(lens) }] }],
  });
  const run = (name: string) => ({ name, state: "finished" as const, settings: {} });
  const shown = [
    { letter: "a" as const, run: run("one"), content: contentOf([0.25, 0.5]) },
    { letter: "b" as const, run: run("two"), content: contentOf([1, 0]) },
  ];

  it("a picture of several runs stands once, with a row for each", () => {
    const [{ rows, picture: first }, ...more] = filmRows(shown);
    expect(more).toEqual([]);
    expect(rows.map(({ letter, maps }) => [letter, maps.map((one) => one.step)])).toEqual([
      ["a", [2]],
      ["b", [2]],
    ]);
    expect(filmMap(first, rows[0].maps[0].maps, "words")?.note).toBe("0.25 on it, 0.50 elsewhere");
    expect(filmMap(first, rows[0].maps[0].maps, "answers")).toBeUndefined();
    expect(filmMap(first, { lens: packShares([1]) }, "words")).toBeUndefined();
  });

  it("curves are one plot for the sum and for each part, and runs are named by the address", () => {
    expect(runCurves(shown).map(({ title, series }) => [title, series.map(({ name }) => name)])).toEqual([
      ["loss", ["A", "B"]],
      ["ntp", ["A", "B"]],
    ]);
    const list = { runs: ["a", "b,c", "d", "e", "f"].map(run), skipped: [] };
    const names = (key?: string) => chosenRuns(list, key).map(({ name }) => name);
    expect(names()).toEqual(["a", "b,c", "d", "e"]);
    expect(names(chosenKey(["f", "b,c"]))).toEqual(["b,c", "f"]);
    expect(names("")).toEqual([]);
    expect(names("%,d")).toEqual(["d"]);
  });
});

describe("what the page makes of them", () => {
  it("counts what is no line, and reads a loss that is no number as a gap", () => {
    const content = withMetrics(noContent, `${step(1)}{"kind":"ste\nnull\n${step(2, null)}`);
    expect(content.steps.map(({ step: n, loss }) => [n, loss])).toEqual([
      [1, 1],
      [2, Number.NaN],
    ]);
    expect(content.bad).toBe(2);
  });

  it("reads probes, the newest pictures and all maps", () => {
    const maps = JSON.stringify({ kind: "maps", step: 5, maps: [{ lens: packShares([0, 1]) }] });
    const content = withProbes(noContent, `${maps}\n{"kind":"pictures","version":1,"pictures":[]}\nx\n`);
    expect([content.maps.length, content.pictures.length, content.bad]).toEqual([1, 0, 1]);
  });

  it("keeps a bounded number of points, and flat settings", () => {
    const kept = thinned(
      Array.from({ length: 9999 }, (_, i) => i),
      100,
    );
    expect([kept.length, kept[0], kept.at(-1)]).toEqual([100, 0, 9998]);
    expect(settingsOf({ a: { b: 1, c: [1, 2] }, d: null })).toEqual({ "a.b": 1, "a.c": "[1,2]", d: null });
    expect(settingsOf("text")).toEqual({});
  });
});
