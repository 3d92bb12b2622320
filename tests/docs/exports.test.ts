import { posix } from "node:path";
import { describe, expect, it } from "vitest";
import { read } from "./files.ts";

const { exports } = JSON.parse(read("package.json")) as { exports: Record<string, string> };
const tables = Object.values(exports)
  .filter((path) => path.endsWith(".ts"))
  .map((path) => posix.normalize(path));

interface Export {
  readonly name: string;
  readonly file: string;
}

/** What a table of contents exports: each name with the file that it is from. */
function exportsOf(table: string): Export[] {
  const lists = read(table).matchAll(/^export (?:type )?\{([^}]+)\} from "([^"]+)";/gm);
  return [...lists].flatMap(([, names, from]) => {
    const file = posix.join(posix.dirname(table), from);
    const own = names.split(",").map(
      (name) =>
        name
          .trim()
          .replace(/^type /, "")
          .split(" as ")[0],
    );
    return own.filter((name) => name !== "").map((name) => ({ name, file }));
  });
}

/** Whether a declaration has a doc comment right before it; what a file hands on is documented where it is. */
function isDocumented({ name, file }: Export): boolean {
  const text = read(file);
  const found = new RegExp(`^export (?:async )?(?:function|const|class|interface|type) ${name}\\b`, "m").exec(
    text,
  );
  return found === null || /\*\/\s*$/.test(text.slice(0, found.index));
}

describe.each(tables)("%s", (table) => {
  it("exports what has a doc comment, for the API reference", () => {
    const all = exportsOf(table);
    expect(all.length).toBeGreaterThan(0);
    expect(all.filter((one) => !isDocumented(one)).map(({ name, file }) => `${name} of ${file}`)).toEqual([]);
  });

  it("says at its head what the sub-path is, as a module", () => {
    expect(/^\/\*\*[\s\S]*?\* @module\n \*\/\n/.test(read(table))).toBe(true);
  });
});
