import { expect, it } from "vitest";
import { familyNames } from "../../src/answers/families.ts";
import { findCommand } from "../../src/cli/commands.ts";
import { formatNames } from "../../src/data/public/registry.ts";
import { drawnTaskNames } from "../../src/data/tasks/drawn-registry.ts";
import { taskNames } from "../../src/data/tasks/registry.ts";
import { losses } from "../../src/losses/registry.ts";
import { families } from "../../src/models/registry.ts";
import { read } from "./files.ts";

/** Names that a page does not have between back quotes, alone or as a word of what stands there. */
function missing(page: string, names: readonly string[]): string[] {
  const quotes = [...read(page).matchAll(/`([^`\n]+)`|^ {4}(.+)$|^(?:```)?([\w-]+:.*)$/gm)]
    .map(([all]) => all)
    .join("\n");
  return names.filter((name) => !new RegExp(`(?<![\\w-])${name}(?![\\w-])`).test(quotes));
}

it.each([
  ["docs/losses.md", "losses", Object.keys(losses)],
  ["docs/models.md", "families of models", Object.keys(families)],
  ["docs/evaluation.md", "families of answers", familyNames],
  ["docs/public-data.md", "published forms", formatNames],
  ["src/data/README.md", "tasks on scenes", taskNames],
  ["README.md", "tasks that draw", drawnTaskNames],
] as const)("%s names all %s", (page, _what, names) => {
  expect(names.length).toBeGreaterThan(2);
  expect(missing(page, names)).toEqual([]);
});

it("every command with a result has --json", async () => {
  const { command } = await findCommand([]);
  const names = Object.keys((await command.subCommands) as object).filter(
    (name) => !["serve-api", "studio", "complete"].includes(name),
  );
  const words = names.flatMap((name) =>
    name === "data"
      ? [
          ["data", "make", "scenes"],
          ["data", "import"],
        ]
      : [[name]],
  );
  expect(names.length).toBeGreaterThan(10);
  for (const one of words)
    expect((await findCommand(one)).command.args, one.join(" ")).toHaveProperty("json");
});
