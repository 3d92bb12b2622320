import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { contentOf, sitePath, titleOf } from "../../site/pages.ts";

/** A project of a few files. */
function project(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), "fovea-site-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const page = (root: string, files: string[], path: string) =>
  contentOf(root, files).pages.find((one) => one.path === path)?.text;

it("links of a page lead to pages, with their anchors", () => {
  const root = project({
    "README.md":
      "[a](docs/a.md#first) [room](src/lens/README.md) [folder](src/lens) [web](https://x.org) [here](#top)",
    "docs/a.md": "[back](../README.md)",
    "src/lens/README.md": "# Lens",
  });
  const files = ["README.md", "docs/a.md", "src/lens/README.md"];
  expect(page(root, files, "start.md")).toBe(
    "[a](/docs/a.md#first) [room](/src/lens/index.md) [folder](/src/lens/index.md) [web](https://x.org) [here](#top)",
  );
  expect(page(root, files, "docs/a.md")).toBe("[back](/start.md)");
});

it("a source file that a page links to becomes a page, out of the search, whatever it holds", () => {
  const root = project({
    "docs/a.md": "[`loss`](../src/loss.ts)",
    "src/loss.ts": "/** ```ts */\nexport {};\n",
  });
  const { pages } = contentOf(root, ["docs/a.md"]);
  expect(pages.map(({ path }) => path)).toEqual(["docs/a.md", "source/src/loss.ts.md"]);
  expect(pages[0].text).toBe("[`loss`](/source/src/loss.ts.md)");
  expect(pages[1].text).toContain("search: false");
  expect(pages[1].text).toContain("# src/loss.ts\n\n````ts\n/** ```ts */\nexport {};\n````\n");
});

it("pictures come along, and marks of tables do not show", () => {
  const root = project({
    "docs/a.md": "![x](images/x.png)\n\n<!-- t -->\n\n| a |\n\n<!-- /t -->\n",
    "docs/images/x.png": "",
  });
  const { pages, images } = contentOf(root, ["docs/a.md"]);
  expect(images).toEqual(["docs/images/x.png"]);
  expect(pages[0].text).toBe("![x](/docs/images/x.png)\n\n| a |\n\n");
});

it("code keeps what looks like a link", () => {
  const text = "`[a](b.md)`\n\n    [a](b.md)\n\n```\n[a](b.md)\n```\n";
  expect(page(project({ "docs/a.md": text }), ["docs/a.md"], "docs/a.md")).toBe(text);
});

it("a link that leads nowhere ends the build with its page", () => {
  const root = project({ "docs/a.md": "[b](b.md)" });
  expect(() => contentOf(root, ["docs/a.md"])).toThrow("docs/a.md: link to b.md leads nowhere");
});

it("paths and titles are those of the project", () => {
  expect(["README.md", "docs/a.md", "src/x/README.md"].map(sitePath)).toEqual([
    "start.md",
    "docs/a.md",
    "src/x/index.md",
  ]);
  expect(titleOf("---\nx: 1\n---\n\n# The `lens`\n")).toBe("The lens");
});
