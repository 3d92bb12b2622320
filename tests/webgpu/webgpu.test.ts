import { describe, expect, it } from "vitest";
import { outcomesOf } from "./adapter.ts";
import { wrong } from "./outcome.ts";
import { parts } from "./parts.ts";

describe("on WebGPU in Node as on the processor", () => {
  // Two at a time, as there are processors.
  it.concurrent.each(Object.keys(parts))(
    "%s",
    async (part) => {
      const outcomes = await outcomesOf(part);
      expect(outcomes.length).toBeGreaterThan(0);
      expect(wrong(outcomes)).toEqual([]);
    },
    600_000,
  );
});
