import { describe, expect, it } from "vitest";
import type { NdArray } from "../../src/engine/array.ts";
import { lax } from "../../src/engine/array.ts";
import { float32 } from "../../src/engine/host.ts";
import { simplify } from "../../src/engine/passes/simplify.ts";
import { keepTopValues } from "../../src/engine/passes/top-values.ts";
import { trace } from "../../src/engine/trace.ts";
import { primitives } from "./cases.ts";
import { expectCase, ramp } from "./differential.ts";

describe("compile: every primitive, engine against jax-js", () => {
  for (const one of primitives) it(one.name, () => expectCase(one));

  it("top-k does not sort the rest", async () => {
    const { program, constants } = await trace(
      (x: NdArray) => lax.topK(x, 2, -1),
      [float32([2, 3, 4], ramp(24))],
    );
    const { equations } = keepTopValues(simplify(program, constants));
    expect(equations.map(({ primitive }) => primitive)).not.toContain("argsort");
  });
});
