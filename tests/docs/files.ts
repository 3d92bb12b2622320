/** The repository as its documentation speaks of it: its files and folders, and the pages and comments that name them. */
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

export const root = join(import.meta.dirname, "../..");

/** What git ignores, by name. */
const left = new Set(["node_modules", ".git", "out", "dist", "dist-docs", "coverage", ".content"]);

/** Every file and folder, by its path from the root. */
export const paths: ReadonlySet<string> = new Set(walk(""));

function walk(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (left.has(entry.name)) return [];
    const path = posix.join(folder, entry.name);
    return entry.isDirectory() ? [path, ...walk(path)] : [path];
  });
}

export function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** Pages that speak of the source: README, CONTRIBUTING, docs and the README of every folder. */
export const pages = [...paths].filter(
  (path) => path.endsWith(".md") && !/^(CHANGELOG|THIRD-PARTY|checkpoints\/|tests\/fixtures\/)/.test(path),
);

/** Source files of ours, fixtures left out. */
export const sources = [...paths].filter(
  (path) => /\.(ts|cjs|mjs|sh|py)$/.test(path) && !path.startsWith("tests/fixtures/"),
);

/** The text of a page's pieces between back quotes. */
export function quoted(page: string): string[] {
  const text = read(page).replaceAll(/^```[\s\S]*?^```$/gm, "");
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, inside]) => inside);
}

const start = String.raw`(?<![\w@:~$*./-])`;
const file = String.raw`(?:[\w.<>-]+/)*[\w.<>-]+\.(?:ts|py|sh|cjs|mjs|yaml|proto|md)\b`;
const folder = String.raw`(?:[\w.<>-]+/)+$`;
const inRoot = String.raw`(?:src|tests|bench|bin|docs|examples|experiments|fuzz|packages|release)/[\w./<>-]+`;

/** Names of files and folders among words: `tests/docs/files.ts`, `files.ts`, `src/engine`, `passes/`; `out/...` and `dist/...` are what commands write. */
export function namedIn(words: string): string[] {
  const names = words.matchAll(new RegExp(`${start}(?:${file}|${folder}|${inRoot})`, "g"));
  return [...names]
    .map(([path]) => posix.normalize(path.replace(/[./]+$/, "")))
    .filter((path) => !/^(out|dist|dist-docs)(\/|$)/.test(path));
}

/**
 * Whether a file or folder of that name is where a page or a comment at `from` means it: from the root, in `src/`, beside
 * it, or, for its last names alone, anywhere in its room (for tests, in their fixtures). `<model_type>` and `my-...` stand
 * for names that a reader chooses.
 */
export function exists(name: string, from: string): boolean {
  if (/(^|\/)my-/.test(name)) return exists(posix.dirname(name), from);
  const spelled = [name, posix.join("src", name), posix.join(posix.dirname(from), name)];
  if (name.includes("<")) return spelled.some(matchesSome);
  return spelled.some((path) => paths.has(path)) || isBelow(name, roomOf(from));
}

/** The room, or other part of the repository, that a file is in; none for the pages of all. */
function roomOf(path: string): string | undefined {
  const folders = path.split("/").slice(0, -1);
  if (folders.length === 0 || folders[0] === "docs") return undefined;
  return folders[0] === "tests" ? "tests/fixtures" : folders.slice(0, folders[0] === "src" ? 2 : 1).join("/");
}

function matchesSome(path: string): boolean {
  const pattern = new RegExp(`^${path.replaceAll(".", "\\.").replaceAll(/<[^>]*>/g, "[^/]+")}$`);
  return [...paths].some((known) => pattern.test(known));
}

function isBelow(name: string, folder: string | undefined): boolean {
  return (
    folder !== undefined &&
    [...paths].some((path) => path.startsWith(`${folder}/`) && path.endsWith(`/${name}`))
  );
}
