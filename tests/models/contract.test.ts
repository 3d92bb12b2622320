import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { families } from "../../src/models/registry.ts";

const root = new URL("../../src/", import.meta.url).pathname;
/** Folders of families and of what several share, and what looks families up. */
const own = /^models\/(llava|paligemma|idefics3|qwen\w*)\/|^models\/(registry|custom)\.ts$/;

const shared = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
  (path) => path.endsWith(".ts") && !own.test(path),
);

it("no shared code asks which family a model is of", () => {
  const asks =
    /modelType\)? *(===|!==)|switch *\([^)]*modelType|(?<!\w)(===|!==) "(llava|paligemma|idefics3|smolvlm|qwen\w*)"/;
  expect(shared.filter((path) => asks.test(readFileSync(`${root}${path}`, "utf8")))).toEqual([]);
});

it("only the registry, and what makes new LLaVAs, imports a family", () => {
  const imports = new RegExp(
    `models/(${Object.keys(families).join("|")})/|\\./(${Object.keys(families).join("|")})/`,
  );
  const importing = shared.filter((path) =>
    readFileSync(`${root}${path}`, "utf8")
      .split("\n")
      .some((line) => /^(import|export) .* from|^} from/.test(line) && imports.test(line)),
  );
  const makers = /^models\/(build\/|index\.ts$)|^train\/run\/model\.ts$|^cli\/commands\/build\.ts$/;
  expect(importing.filter((path) => !makers.test(path))).toEqual([]);
});
