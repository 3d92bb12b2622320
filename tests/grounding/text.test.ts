import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  boxFromText,
  boxToText,
  type CoordinateSystemName,
  coordinateSystems,
  pointToText,
} from "../../src/grounding/text.ts";

const frame = { original: { width: 400, height: 200 }, resized: { width: 224, height: 224 } };

describe("coordinates in text", () => {
  it("are written in each system", () => {
    expect(pointToText([100, 50], frame, "unit")).toEqual(["0.25", "0.25"]);
    expect(pointToText([100, 50], frame, "thousand")).toEqual(["250", "250"]);
    expect(pointToText([100, 50], frame, "pixels")).toEqual(["56", "56"]);
    expect(boxToText([-5, 10, 500, 200], frame, "thousand")).toEqual(["0", "50", "1000", "1000"]);
  });

  it("come back within half a step", () => {
    const x = fc.double({ min: 0, max: 399, noNaN: true });
    const y = fc.double({ min: 0, max: 199, noNaN: true });
    const step = { unit: 0.01, thousand: 0.001, pixels: 1 / 224 };
    for (const system of Object.keys(coordinateSystems) as CoordinateSystemName[])
      fc.assert(
        fc.property(x, y, (x, y) => {
          const box = [x, y, x + 1, y + 1] as const;
          const back = boxFromText(boxToText(box, frame, system), frame, system);
          for (let i = 0; i < 4; i++)
            expect(Math.abs(back[i] - box[i])).toBeLessThanOrEqual(step[system] * (i % 2 ? 100 : 200) + 1e-9);
        }),
      );
  });

  it("refuse what is not a number", () => {
    expect(() => boxFromText(["1", "2", "x", "4"], frame, "unit")).toThrowErrorMatchingInlineSnapshot(
      `[UserError: coordinates: x must be a number, got "x"]`,
    );
    expect(() => boxFromText(["1", "2", "3"], frame, "unit")).toThrowErrorMatchingInlineSnapshot(
      `[UserError: coordinates: y must be a number, got undefined]`,
    );
  });
});
