import { expect, it } from "vitest";
import { parseYaml } from "../../src/common/yaml.ts";

it("reads YAML and JSON", () => {
  expect(parseYaml("a: 1\nb: [x, 2]\n", "a.yaml")).toEqual({ a: 1, b: ["x", 2] });
  expect(parseYaml('{"a": null}', "a.json")).toEqual({ a: null });
});

it.each([
  ["{width: 64", /^a\.yaml: Flow map must end with a }/],
  ["a: 1\na: 2", /^a\.yaml: Map keys must be unique/],
  [
    `a0: &a0 [x,x,x]\n${Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`)}]`).join("\n")}`,
    /^a\.yaml: Excessive alias count/,
  ],
  ["[".repeat(90_000), /^a\.yaml: /],
  [" }".repeat(40_000), /^a\.yaml: /],
  ["a: 1\n".repeat(100_000), /^a\.yaml: YAML must be at most 100000 characters, got 500000$/],
])("refuses in one line: %#", (text, said) => {
  const read = () => parseYaml(text, "a.yaml");
  expect(read).toThrow(said);
  expect(read).not.toThrow(/\n/);
});
