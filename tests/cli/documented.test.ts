import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { findCommand } from "../../src/cli/commands.ts";

const root = join(import.meta.dirname, "../..");
const pages = ["README.md", ...readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"))];

/** Command lines of a page: indented ones, and those between back quotes that have an option. */
function commandsIn(page: string): string[] {
  const text = readFileSync(join(root, page === "README.md" ? page : `docs/${page}`), "utf8");
  const indented = text.matchAll(/^ {4}(?:npx )?fovea ([a-z].*)$/gm);
  const quoted = text.replaceAll("\n", " ").matchAll(/`(?:npx )?fovea ([a-z][^`]* --[^`]*)`/g);
  return [...indented, ...quoted].map(([, line]) => line).filter((line) => !/^[a-z-]+: /.test(line));
}

it.each(pages.flatMap((page) => commandsIn(page).map((line) => [page, line])))(
  "%s: fovea %s names a command and options that there are",
  async (_, line) => {
    const words = line.split(/\s+/);
    const { command, path } = await findCommand(words);
    expect(path.length).toBeGreaterThan(0);
    const options = Object.keys((command.args ?? {}) as object);
    for (const word of words)
      if (/^--[a-z]/.test(word)) expect([...options, "help"], word).toContain(word.slice(2).split("=")[0]);
  },
);
