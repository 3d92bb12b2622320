import { expect, test } from "vitest";
import { float32 } from "../../src/engine/host.ts";
import { mustBeFinite } from "../../src/hub/weights/safetensors.ts";

test("a tensor with values that are no numbers is named, with how many", () => {
  expect(() =>
    mustBeFinite("m.safetensors", "a.weight", float32([2, 2], [1, Number.NaN, 3, Number.NEGATIVE_INFINITY])),
  ).toThrow(/^m\.safetensors: tensor a\.weight: expected finite numbers, found 2 of 4 NaN or infinite$/);
  mustBeFinite("m.safetensors", "a.weight", float32([2], [1, -3e38]));
});
