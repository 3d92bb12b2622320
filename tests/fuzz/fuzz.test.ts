import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeCase } from "../../scripts/fuzz/case.ts";
import type { Report } from "../../scripts/fuzz/child.ts";
import { readers } from "../../scripts/fuzz/registry.ts";
import { caseRunner } from "../../scripts/fuzz/run.ts";
import { watchCases } from "../../scripts/fuzz/watch.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-fuzz-test-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Those that start a model's program or a page of plots take long. */
const quick = Object.entries(readers).filter(([, { share = 1 }]) => share >= 0.3);

describe("damaged files", () => {
  it.each(quick)("are read or refused in one line: %s", async (name, reader) => {
    const run = caseRunner(reader, await mkdtemp(join(folder, "case-")));
    const seeds = await reader.seeds();
    for (let number = 0; number < 4; number++) {
      const made = makeCase(name, seeds, 12, number);
      const { kind, text } = await run(made);
      expect({ number, what: made.what, kind, text }).not.toMatchObject({ kind: "fault" });
    }
  });

  it("are the same again for the same seed and number, and leave the sound ones as they are", async () => {
    for (const [name, { seeds }] of quick.slice(0, 8)) {
      const [first, second] = [await seeds(), await seeds()];
      const cases = (all: typeof first) => Array.from({ length: 40 }, (_, n) => makeCase(name, all, 5, n));
      expect(cases(first)).toEqual(cases(second));
      expect(first).toEqual(await seeds());
    }
  });
});

describe("the fuzzer notices a reader that", () => {
  const registry = new URL("./planted.ts", import.meta.url).href;

  async function reportsOf(reader: string, limits = { seconds: 60, megabytes: 1000 }): Promise<string[]> {
    const reports: Report[] = [];
    const onReport = (report: Report) => reports.push(report);
    await watchCases({ registry, reader, seed: 1, numbers: [0, 1, 2], limits, onReport });
    expect(reports.map(({ number }) => number)).toEqual([0, 1, 2]);
    return reports.map(({ kind, text }) => `${kind} ${text.split("\n")[0]}`.trim());
  }

  it.each([
    ["throws", /^fault TypeError: Cannot read properties of undefined/],
    ["chatters", /^fault more than one line: bad$/],
    ["ends", /^fault the process ends with 3$/],
    ["comes-loose", /^fault Error: came loose: Error: nobody waits$/],
    ["leaves-open", /^fault leaves 40 files open$/],
    ["reads-outside", /^fault reads outside its folder: .*secret\.txt$/],
    ["writes-outside", /^fault writes outside its folder: stray\.txt$/],
    ["refuses", /^refused bad file$/],
    ["closes", /^read$/],
  ])("%s", async (reader, expected) => {
    for (const said of await reportsOf(reader)) expect(said).toMatch(expected);
  });

  it("loops, and goes on with the next case", async () => {
    for (const said of await reportsOf("loops", { seconds: 1, megabytes: 1000 }))
      expect(said).toMatch(/^fault hangs: /);
  });

  it("eats memory, and goes on with the next case", async () => {
    for (const said of await reportsOf("eats", { seconds: 60, megabytes: 200 }))
      expect(said).toBe("fault takes more than 200 MB");
  });
});
