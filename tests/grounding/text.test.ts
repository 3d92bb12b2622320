import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  boxOf,
  boxText,
  frameOf,
  hundredths,
  type PlaceStyle,
  placeForms,
  pointOf,
  pointsText,
  pointText,
  scaleNames,
  stepNames,
} from "../../src/grounding/text.ts";

const frame = frameOf({ width: 400, height: 200 }, { width: 196, height: 112 });
const style = (scale: PlaceStyle["scale"], more: Partial<PlaceStyle> = {}): PlaceStyle => ({
  scale,
  order: "xy",
  form: "list",
  ...more,
});

describe("places in text", () => {
  it("are written in each scale, order and form", () => {
    expect(pointText([100, 50], style("unit"), frame)).toBe("[0.250, 0.250]");
    expect(pointText([103, 51], hundredths, frame)).toBe("25 25");
    expect(pointText([100, 50], style("thousand", { order: "yx" }), frame)).toBe("[250, 250]");
    expect(pointText([300, 50], style("thousand", { order: "yx" }), frame)).toBe("[250, 750]");
    expect(pointText([100, 50], style("resized"), frame)).toBe("[49, 28]");
    expect(pointText([100.4, 50], style("pixels", { form: "plain" }), frame)).toBe("100 50");
    expect(boxText([-5, 10, 500, 200], style("thousand"), frame)).toBe("[0, 50, 1000, 1000]");
    expect(boxText([399.9, 0, 400, 200], hundredths, frame)).toBe("99 0 99 99");
  });

  it("are PaliGemma's tokens: 1024 values from edge to edge, y before x", () => {
    const tokens = style("bins", { order: "yx", form: "tokens" });
    // big_vision, pp/proj/paligemma/segmentation.py: round(box * 1023) in the order y0, x0, y1, x1.
    expect(boxText([100, 20, 400, 150], tokens, frame)).toBe("<loc0102><loc0256><loc0767><loc1023>");
    expect(boxOf([102, 256, 767, 1023], tokens, frame)).toEqual([
      (256 / 1023) * 400,
      (102 / 1023) * 200,
      400,
      (767 / 1023) * 200,
    ]);
    expect(pointsText([[0, 0], [400, 200]], tokens, frame)).toBe("<loc0000><loc0000> ; <loc1023><loc1023>"); // biome-ignore format: one line
  });

  it("are lists of points, or none", () => {
    const points = [[100, 50], [300, 150]] as const; // biome-ignore format: one line
    expect(pointsText(points, style("resized"), frame)).toBe("[[49, 28], [147, 84]]");
    expect(pointsText(points, hundredths, frame)).toBe("25 25 , 75 75");
    expect(pointsText([], style("unit"), frame)).toBe("none");
  });

  it("may tell fewer steps apart than hundredths: each has the name of its middle", () => {
    const coarse = { ...hundredths, steps: 20 };
    expect(pointText([100, 50], coarse, frame)).toBe("27 27");
    expect(stepNames(coarse).slice(0, 3)).toEqual(["2", "7", "12"]);
    expect(stepNames({})).toHaveLength(100);
    // 28.5 / 50 * 100 is 56.999... when divided first.
    expect(stepNames({ steps: 50 })[28]).toBe("57");
  });

  it("come back within half a step, whatever the style", () => {
    const x = fc.double({ min: 0, max: 399, noNaN: true });
    const y = fc.double({ min: 0, max: 199, noNaN: true });
    const steps = {
      unit: 0.001,
      hundredths: 0.01,
      thousand: 0.001,
      resized: 1 / 112,
      pixels: 1 / 200,
      bins: 1 / 1023,
    };
    const styles = fc.record({
      scale: fc.constantFrom(...scaleNames),
      order: fc.constantFrom("xy" as const, "yx" as const),
      form: fc.constantFrom(...placeForms),
    });
    fc.assert(
      fc.property(x, y, styles, (x, y, places) => {
        const numbers = pointText([x, y], places, frame)
          .match(/\d+(?:\.\d+)?/g)!
          .map(Number);
        const back = pointOf([numbers[0], numbers[1]], places, frame);
        const step = steps[places.scale];
        expect(Math.abs(back[0] - x)).toBeLessThanOrEqual(step * 200 + 1e-9);
        expect(Math.abs(back[1] - y)).toBeLessThanOrEqual(step * 100 + 1e-9);
      }),
    );
  });

  it("are refused outside of the range, and where they are no box", () => {
    expect(() => pointOf([34, 71], style("unit"), frame)).toThrow("34, 71 lies outside of 0 to 1");
    expect(() => boxOf([0, 0, 197, 112], style("resized"), frame)).toThrow(
      "0, 0, 197, 112 lies outside of 0 to 196 across and 0 to 112 down",
    );
    expect(() => boxOf([5, 0, 5, 9], style("thousand"), frame)).toThrow("not a top left");
    expect(boxOf([5, 10, 5, 12], hundredths, frame)).toEqual([20, 21, 24, 25]);
  });
});
