import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { makeCase } from "../../fuzz/case.ts";
import type { Report } from "../../fuzz/child.ts";
import { pictureReaders as readers } from "../../fuzz/readers/pictures.ts";
import { watchCases } from "../../fuzz/watch.ts";

const here = fileURLToPath(new URL("../../fuzz/here.ts", import.meta.url));

describe("damaged files", () => {
  it("are read or refused in one line by every reader", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [here, "12", "4"]).catch((error) => error);
    expect(stdout).toMatch(/^\d+ cases of \d+ readers\n$/);
  });

  it("are the same again for the same seed and number, and leave the sound ones as they are", async () => {
    for (const [name, { seeds }] of Object.entries(readers).slice(-2)) {
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
    await watchCases({ registry, reader, seed: 2, numbers: [0, 1, 2], limits, onReport });
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
