import { posix } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { joinPlace } from "../../src/common/place.ts";

test("a place in a folder is written as Node joins it", () => {
  const part = fc.constantFrom("a", "b c", "..", ".", "");
  const path = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join("/"));
  fc.assert(
    fc.property(path, (folder) => {
      fc.pre(folder !== ""); // Node's join leaves it out; nobody calls a folder so.
      expect(joinPlace(folder, "config.json")).toBe(posix.join(folder, "config.json"));
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ["http://host/models/", "a.json", "http://host/models/a.json"],
  ["https://host/models/full", "a.json", "https://host/models/full/a.json"],
  ["C:\\models\\full", "a.json", "C:\\models\\full\\a.json"],
  ["C:\\models\\", "a.json", "C:\\models\\a.json"],
  ["dropped files", "a/b.json", "dropped files/a/b.json"],
])("%s and %s are %s", (folder, name, joined) => {
  expect(joinPlace(folder, name)).toBe(joined);
});
