/** Sound files for the readers: fixtures of the tests and small ones made here. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Files, Seed } from "../reader.ts";

const fixtures = fileURLToPath(new URL("../../tests/fixtures/", import.meta.url));

export function fixture(path: string): Uint8Array {
  return readFileSync(join(fixtures, path));
}

/** Every file below a folder of fixtures but those that `without` matches, by their paths in it. */
export function fixtureFolder(path: string, without = /^$/): Record<string, Uint8Array> {
  const root = join(fixtures, path);
  const names = readdirSync(root, { recursive: true, encoding: "utf8" }).sort();
  const files = names.filter((name) => !without.test(name) && statSync(join(root, name)).isFile());
  return Object.fromEntries(files.map((name) => [relative(".", name), readFileSync(join(root, name))]));
}

export const text = (content: string): Uint8Array => Buffer.from(content);
export const json = (value: unknown): Uint8Array => text(`${JSON.stringify(value, null, 1)}\n`);
export const lines = (rows: readonly unknown[]): Uint8Array =>
  text(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));

/** The files under other names: those of a folder below `folder`. */
export function below(folder: string, files: Files): Files {
  return Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`${folder}/${name}`, bytes]));
}

export const seedOf = (files: Files, kept: readonly string[] = []): Seed => ({ files, kept });

/** What stands in a file, for readers of texts, who open none: something else in its place is nothing to them. */
export async function textOf(path: string, encoding: "utf8" | "latin1" = "utf8"): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() && found.size < 10_000_000 ? readFile(path, encoding) : "";
}
