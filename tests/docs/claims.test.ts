import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import { describe, expect, it } from "vitest";
import { exists, namedIn, pages, paths, quoted, read, root, sources } from "./files.ts";

/** Files of a reader's own, of folders that commands write, or of other people's projects. */
const notOurs = new Set(
  "mine.yaml config.yaml training.yaml model/README.md model plots pictures images svg validation test train report.md runs/ARM/SEED modeling_rope_utils.py onnx.proto pp/proj/paligemma/segmentation.py".split(
    " ",
  ),
);
const rooms = [...read(".dependency-cruiser.mjs").matchAll(/^ {2}"(\w+)",$/gm)].map(([, room]) => room);
const scripts = scriptsOf("package.json");

function scriptsOf(path: string): Record<string, string> {
  return (JSON.parse(read(path)) as { scripts?: Record<string, string> }).scripts ?? {};
}

/** Folders directly in one that hold source files. */
function foldersIn(folder: string): string[] {
  const inside = sources
    .filter((path) => path.startsWith(`${folder}/`))
    .map((path) => path.slice(folder.length + 1));
  return [...new Set(inside.filter((path) => path.includes("/")).map((path) => path.split("/")[0]))];
}

describe.each(pages)("%s", (page) => {
  it("names files and folders that there are", () => {
    const named = quoted(page).flatMap(namedIn);
    const missing = named.filter((name) => !notOurs.has(name) && !exists(name, page));
    expect(missing).toEqual([]);
  });

  it("has command lines that call files which there are", () => {
    const called = [...read(page).matchAll(/\b(?:node|python|bash) ((?:[\w-]+\/)+[\w-]+\.\w+)/g)];
    const isThere = (path: string) =>
      path.startsWith("node_modules/") ? existsSync(join(root, path)) : paths.has(path);
    expect(called.map(([, path]) => path).filter((path) => !isThere(path))).toEqual([]);
  });

  it("links to what there is", () => {
    const links = [...read(page).matchAll(/\]\(([^)#\s]+)(?:#([^)\s]*))?\)/g)].filter(
      ([, to]) => !/^\w+:/.test(to),
    );
    const dead = links.filter(([, to, anchor]) => {
      const target = posix.join(posix.dirname(page), to).replace(/\/$/, "");
      return !paths.has(target) || (anchor !== undefined && !headingsOf(target).includes(anchor));
    });
    expect(dead.map(([link]) => link)).toEqual([]);
  });

  it("calls npm scripts that there are", () => {
    const called = [...read(page).matchAll(/npm (?:run ([\w:-]+)|(test|start)\b)/g)];
    const own = posix.join(posix.dirname(page), "package.json");
    const known = paths.has(own) ? { ...scripts, ...scriptsOf(own) } : scripts;
    expect(
      called.map(([, run, short]) => run ?? short).filter((name) => !Object.hasOwn(known, name)),
    ).toEqual([]);
  });
});

/** Anchors of a page's headings, as GitHub spells them. */
function headingsOf(page: string): string[] {
  return [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

describe("the source", () => {
  it("names files in its comments that there are", () => {
    const missing = sources.flatMap((path) => {
      const comments = [...read(path).matchAll(/^\s*(?:\*|\/\/|\/\*\*).*$/gm)].map(([line]) => line);
      const named = comments.flatMap(namedIn).filter((name) => /\.(ts|py|sh|cjs|proto|md)$/.test(name));
      return named
        .filter((name) => !notOurs.has(name) && !exists(name, path))
        .map((name) => `${path}: ${name}`);
    });
    expect(missing).toEqual([]);
  });

  it("is a stack of rooms that docs/architecture.md lists in its order", () => {
    const listed = [...read("docs/architecture.md").matchAll(/^\| `src\/(\w+)` \|/gm)].map(
      ([, room]) => room,
    );
    expect(rooms.length).toBeGreaterThan(10);
    expect(listed).toEqual(rooms);
    expect(foldersIn("src").sort()).toEqual([...rooms].sort());
  });

  it.each([
    ...rooms.map((room) => `src/${room}`),
    ...["bench", "bin", "experiments", "fuzz", "packages", "release", "tests"],
  ])("%s has a README that names every folder in it", (folder) => {
    const readme = read(`${folder}/README.md`);
    const rooms = folder === "tests" ? [] : foldersIn(folder);
    expect(rooms.filter((name) => !readme.includes(`${name}/`))).toEqual([]);
  });
});

describe("CONTRIBUTING.md", () => {
  it("names functions and options that there are", () => {
    const all = sources.map(read).join("\n");
    const named = quoted("CONTRIBUTING.md").filter((word) => /^[a-z]+[A-Z]\w*$/.test(word));
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((word) => !new RegExp(`\\b${word}\\b`).test(all))).toEqual([]);
  });

  it("shows every npm script that people call", () => {
    const inside = ["start", "fovea", "check:types", "check:lint", "check:imports"];
    const shown = read("CONTRIBUTING.md");
    expect(
      Object.keys(scripts).filter(
        (name) => !inside.includes(name) && !new RegExp(`npm (run )?${name}\\b`).test(shown),
      ),
    ).toEqual([]);
  });
});

describe("docs/reading.md", () => {
  const files = [...read("docs/reading.md").matchAll(/\]\(\.\.\/(src\/\S+\.ts)\)/g)].map(([, path]) => path);

  it("is an hour's reading: some 2,800 lines", () => {
    const lines = files.map((path) => read(path).split("\n").length).reduce((sum, count) => sum + count, 0);
    expect(files.length).toBeGreaterThan(20);
    expect(lines).toBeGreaterThan(2300);
    expect(lines).toBeLessThan(3200);
  });

  it("names each file once, and files that say at their head what they are for", () => {
    expect(new Set(files).size).toBe(files.length);
    expect(files.filter((path) => !read(path).startsWith("/**"))).toEqual([]);
  });
});

it("the site's guide has every page of docs/", () => {
  const guide = read("site/.vitepress/config.ts");
  const own = pages.filter((page) => page.startsWith("docs/")).map((page) => page.slice(0, -".md".length));
  expect(own.filter((page) => !guide.includes(`["${page}"`))).toEqual([]);
});
