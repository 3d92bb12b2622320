import { expect, test } from "vitest";
import { UserError } from "../../src/common/errors.ts";
import { parseJson } from "../../src/common/json.ts";

const lists = (depth: number) => "[".repeat(depth) + "]".repeat(depth);

test("reads what JSON.parse reads, with or without a byte order mark", () => {
  const value = { a: [1, "[{", '"\\', null], 'b"[': { c: "\\" } };
  expect(parseJson(JSON.stringify(value), "file")).toEqual(value);
  expect(parseJson(`\ufeff${JSON.stringify(value)}`, "file")).toEqual(value);
});

test("a deep value is refused in one line, whether or not it ends; brackets in texts do not count", () => {
  const deep = /^file: lists and objects must stand at most 500 deep in one another$/;
  expect(() => parseJson(lists(501), "file")).toThrow(deep);
  expect(() => parseJson("[".repeat(1e6), "file")).toThrow(deep);
  expect(() => parseJson('{"a":'.repeat(1e5), "file")).toThrow(deep);
  expect(parseJson(lists(500), "file")).toEqual(JSON.parse(lists(500)));
  expect(parseJson(JSON.stringify(["[".repeat(5000), '\\"['.repeat(5000)]), "file")).toHaveLength(2);
  expect(parseJson(`[${"[],".repeat(5000)}{}]`, "file")).toHaveLength(5001);
});

test("what is no JSON is told in one line that names the place", () => {
  for (const text of ["", "{", '{"a":\n\n1,}', '{"a" "b"\n}', "nul\nl", '"a\nb"', "\u0000"]) {
    const told = () => parseJson(text, "line 3 of answers.jsonl");
    expect(told).toThrow(UserError);
    expect(told).toThrow(/^line 3 of answers\.jsonl: must be JSON: .+$/);
    expect(told).not.toThrow(/\n/);
  }
});
