import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";

const main = join(import.meta.dirname, "../../src/cli/main.ts");

/** The end of a command whose standard output is a file, or a pipe that nobody reads. */
function ended(args: readonly string[], { file, cwd }: { file?: string; cwd?: string } = {}) {
  const out = file === undefined ? ("pipe" as const) : openSync(file, "w");
  const child = spawn(process.execPath, [main, ...args], {
    stdio: ["ignore", out, "pipe"],
    ...(cwd !== undefined && { cwd }),
  });
  if (out === "pipe") child.stdout?.destroy();
  else closeSync(out);
  let said = "";
  child.stderr?.on("data", (text) => {
    said += text;
  });
  return { child, end: new Promise((done) => child.once("close", (code) => done([code, said]))) };
}

it.runIf(process.platform !== "win32")("ends without a word where nobody reads what it prints", async () => {
  expect(await ended(["--version"]).end).toEqual([141, ""]);
});

it.runIf(process.platform === "linux")("says in one line that what it prints has no room", async () => {
  const [code, said] = (await ended(["--version"], { file: "/dev/full" }).end) as [number, string];
  expect([code, said]).toEqual([
    1,
    expect.stringMatching(/^fovea: standard output cannot be written: .*\n$/),
  ]);
});

it.runIf(process.platform === "linux")("says in one line that the working folder is gone", async () => {
  const cwd = mkdtempSync(join(tmpdir(), "fovea-gone-"));
  const { end } = ended(["data", "make", "scenes", "--count", "2", "--out", "x"], { file: "/dev/null", cwd });
  rmSync(cwd, { recursive: true }); // Before Node has started.
  expect(await end).toEqual([1, "fovea: the working folder: no such file or directory (uv_cwd)\n"]);
});
