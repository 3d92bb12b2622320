import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  allows,
  type Licensed,
  licenceMarkdown,
  licencePage,
  licensedPackages,
  refused,
} from "../../release/licences.ts";

const hint = "npm run licences writes the page anew";

test("every licence is allowed, and the page of licences is that of the packages", () => {
  const packages = licensedPackages();
  expect(refused(packages)).toEqual([]);
  expect(readFileSync(licencePage, "utf8"), hint).toBe(licenceMarkdown(packages));
});

test("an unknown licence, one for another package, and no licence at all are refused", () => {
  const of = (licence: string, name = "one"): Licensed => ({ name, licence, version: "1.0.0", need: "run" });
  const kept = [
    of("MIT"),
    of("LGPL-3.0-or-later", "@img/sharp-libvips-linux-x64"),
    of("(GPL-3.0-only OR MIT)"),
  ];
  const bad = [
    of("GPL-3.0-only"),
    of("LGPL-3.0-or-later"),
    of("LGPL-3.0-or-later", "@img/sharp-wasm32-other"),
    of("MIT AND GPL-3.0-only"),
    of("Apache-2.0 WITH LLVM-exception"),
    of("SEE LICENSE IN LICENSE"),
    of("UNLICENSED"),
    of(""),
  ];
  expect(refused([...kept, ...bad])).toEqual(bad);
});

test("AND binds more tightly than OR, and brackets more than both", () => {
  const only =
    (...known: string[]) =>
    (licence: string) =>
      known.includes(licence);
  expect(allows("A OR B AND C", only("A"))).toBe(true);
  expect(allows("(A OR B) AND C", only("A"))).toBe(false);
  expect(allows("(A OR (B AND C)) AND (C OR D)", only("B", "C"))).toBe(true);
  expect(allows("(A OR (B AND C)) AND (C OR D)", only("B", "D"))).toBe(false);
  expect(allows("✓", only())).toBe(false);
});
