import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as portable from "../../src/common/portable-math.ts";
import { random } from "../../src/common/random.ts";

const angle = fc.double({ min: -1000, max: 1000, noNaN: true });
const share = fc.double({ min: -1, max: 1, noNaN: true });
const place = fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((x) => x + 0); // No -0.

/** A few units in the last place of the larger of 1 and the value: all that drawings need. */
function expectNear(actual: number, expected: number): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-15 * Math.max(1, Math.abs(expected)));
}

describe("portable sines, arcs and logarithms", () => {
  it("are the mathematical functions", () => {
    fc.assert(
      fc.property(angle, share, place, place, (a, s, x, y) => {
        expectNear(portable.sin(a), Math.sin(a));
        expectNear(portable.cos(a), Math.cos(a));
        expectNear(portable.atan(x), Math.atan(x));
        expectNear(portable.atan2(y, x), Math.atan2(y, x));
        expectNear(portable.asin(s), Math.asin(s));
        expectNear(portable.acos(s), Math.acos(s));
        expectNear(portable.tan(s), Math.tan(s));
        expectNear(portable.log(Math.abs(x) + 1e-9), Math.log(Math.abs(x) + 1e-9));
      }),
      { numRuns: 5000 },
    );
  });

  it("have their exact values at the ends", () => {
    expect([portable.sin(0), portable.cos(0), portable.log(1), portable.atan2(0, 0)]).toEqual([0, 1, 0, 0]);
    expect([portable.asin(1), portable.asin(-1)]).toEqual([Math.PI / 2, -Math.PI / 2]);
    expect([portable.acos(1), portable.acos(-1)]).toEqual([0, Math.PI]);
    expect([portable.atan2(1, 0), portable.atan2(-1, 0), portable.atan2(0, -1)]).toEqual([
      Math.PI / 2,
      -Math.PI / 2,
      Math.PI,
    ]);
  });

  it("have these bits on every machine", () => {
    const source = random("bits");
    const values = Array.from({ length: 10_000 }, () => {
      const [a, b] = [40 * source.uniform() - 20, 2 * source.uniform() - 1];
      const { sin, cos, tan, atan2, asin, acos, log } = portable;
      return [sin(a), cos(a), tan(b), atan2(b, a), asin(b), acos(b), log(Math.abs(a)), source.normal()];
    }).flat();
    const hash = createHash("sha256").update(Float64Array.from(values)).digest("hex");
    expect(hash).toMatchInlineSnapshot(`"9435917d4f8d41a543a6991a27384e78ab4c51f05b4facaa15011b6db2f21cd5"`);
  });
});

/** What IEEE 754 or whole numbers settle; the constants are written in the standard. */
const settled = new Set(
  "abs ceil floor round max min sign trunc fround sqrt imul clz32 PI SQRT2 SQRT1_2 LN2".split(" "),
);

describe("what frozen pictures are drawn with", () => {
  const root = join(import.meta.dirname, "../../src");
  const folders = ["data/drawing", "data/tasks", "data/scenes", "data/assets"];
  const files = [
    "common/portable-math.ts",
    "common/random.ts",
    ...folders.flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts"))
        .map((name) => join(folder, name)),
    ),
  ];

  it.each(files)("%s has no arithmetic that engines may round as they like", (file) => {
    const code = readFileSync(join(root, file), "utf8")
      .replaceAll(/\/\*[\s\S]*?\*\//g, "")
      .replaceAll(/(^|\s)\/\/.*$/gm, "");
    const used = [...code.matchAll(/\bMath\.(\w+)/g)].map(([, name]) => name);
    expect(used.filter((name) => !settled.has(name))).toEqual([]);
    expect(code).not.toMatch(/\*\*|\bMath\[|\{[^}]*\}\s*=\s*Math\b/);
  });
});
