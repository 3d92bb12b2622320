import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify, stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";

const main = join(import.meta.dirname, "../../src/cli/main.ts");

async function help(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [main, ...args, "--help"]);
  return stripVTControlCharacters(stdout);
}

describe("help", () => {
  it.each([
    [[], /fovea pull\|build\|data\|train\|.*leaderboard/],
    [["data"], /fovea data make\|import/],
    [["data", "make"], /line-tracing +Follow one line/],
    [
      ["data", "make", "line-tracing"],
      /fovea data make line-tracing \[OPTIONS\][\s\S]*--set[\s\S]*crossings/,
    ],
    [["eval", "line-tracing"], /fovea eval \[OPTIONS\] \[TARGET\]/],
  ] as const)(
    "of %j is that of the deepest command named",
    async (args, expected) => {
      expect(await help(...args)).toMatch(expected);
    },
    60_000,
  );
});
