import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { shownJson, shownLine } from "../../src/common/shown-text.ts";
import { aligned } from "../../src/eval/summary.ts";

const root = join(import.meta.dirname, "../..");
/** Clears the screen, sets its title, turns what follows around, starts a line over. */
const acting = "\u001b[2J\u001b]0;title\u0007\u202egnp\u009b31m\r";
const acts = /[\p{Cc}\p{Bidi_Control}]/u;

test("names and words of others do not act on the terminal", () => {
  for (const args of [
    ["lens", acting, "--concept", acting],
    ["eval", acting, "--model", acting],
    [acting],
    ["lens", `--${acting}`],
  ]) {
    const { stdout, stderr, status } = spawnSync(process.execPath, ["src/cli/main.ts", ...args], {
      cwd: root,
      encoding: "utf8",
    });
    expect(status).toBe(1);
    expect(stdout).toBe("");
    expect(stderr.trimEnd()).toMatch(/^fovea: .*(title|gnp)/);
    expect(stderr.trimEnd()).not.toMatch(acts);
  }
});

test("cells of a table stay in their line, and JSON says the same without acting", () => {
  const rows = [
    ["model", "score"],
    [`a${acting}\nb`, "1"],
  ];
  const lines = aligned(rows);
  expect(lines.map((line) => line.length)).toEqual([lines[1].length, lines[1].length]);
  expect(lines.join("")).not.toMatch(acts);
  const value = { [acting]: [acting, "\u2028é😀"] };
  const json = shownJson(JSON.stringify(value));
  expect(json).not.toMatch(acts);
  expect(JSON.parse(json)).toEqual(value);
  expect(shownLine("a\r\nb\tc")).toBe("a b c");
});

test("nothing is printed past src/cli/say.ts, but for an unfinished folder's last word and what a thread says of its device", () => {
  const files = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" });
  const printing = files
    .filter((name) => name.endsWith(".ts"))
    .filter((name) => /\bconsole\.\w/.test(readFileSync(join(root, "src", name), "utf8")));
  // In a page, whose console is for who writes it.
  const inPages = ["elements/json-attribute.ts"];
  expect(printing.sort()).toEqual(["cli/say.ts", "common/files.ts", ...inPages, "serve/machine.ts"]);
});
