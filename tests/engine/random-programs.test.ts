import * as fc from "fast-check";
import { describe, it } from "vitest";
import { expectCase } from "./differential.ts";
import { gradients, type RandomCases, values } from "./random-programs.ts";

const check = ({ cases, numRuns, seed }: RandomCases) =>
  fc.assert(
    fc.asyncProperty(cases, (one) => expectCase(one)),
    { numRuns, seed },
  );

describe("random programs: engine against jax-js", () => {
  it("values", () => check(values));
  it("gradients", () => check(gradients));
});
