import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { entries } from "./entries.ts";

const placeOf = (file: string) => fileURLToPath(new URL(file, import.meta.url));

async function importOf(...files: readonly string[]): Promise<Record<string, unknown>> {
  const args = [placeOf("watched-import.ts"), ...files.map(placeOf)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout);
}

it("importing the package loads no library of the machine, reads no file and starts nothing", async () => {
  const all = Object.values(entries).map((file) => `../../src/${file}`);
  expect(await importOf(...all)).toEqual({ read: [], started: 0, libraries: [], active: [] });
});

it("would notice each of these", async () => {
  const { read, started, libraries } = await importOf("busy-module.ts");
  expect(read).toContainEqual(expect.stringMatching(/^readFileSync .*LICENSE$/));
  expect(started).toBe(1);
  expect(libraries).not.toEqual([]);
});
