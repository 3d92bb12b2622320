import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { np } from "../../src/engine/array.ts";
import { lastLayer } from "../../src/losses/layers.ts";
import { logitLens } from "../../src/losses/logit-lens.ts";
import { defineLoss } from "../../src/losses/loss.ts";
import { weigh } from "../../src/losses/total.ts";
import * as t from "./support.ts";

beforeAll(t.onCpu);

describe("a loss in few lines", () => {
  const small = defineLoss({
    name: "small",
    needs: { taps: ["hiddenStates"] },
    compute: ({ taps }) => np.mean(np.square(lastLayer(taps.hiddenStates))),
  });

  it("has no options, its taps and a value without parts", () => {
    const { name, weight, needs, compute } = weigh(small);
    expect({ name, weight, needs }).toEqual({ name: "small", weight: 1, needs: { taps: ["hiddenStates"] } });
    const last = t.hiddenStates().at(-1)!;
    const { loss, parts } = compute(t.context({ taps: { hiddenStates: t.hiddenStates() } }));
    const values = [...(last.ref.dataSync() as Float64Array)];
    const mean = values.reduce((sum, value) => sum + value * value, 0) / values.length;
    expect(t.numberOf(loss)).toBeCloseTo(mean, 12);
    expect(parts).toBeUndefined();
  });

  it("is known to the compiler by its taps and options", () => {
    defineLoss({
      name: "wrong",
      needs: { taps: ["hiddenStates"] },
      // @ts-expect-error: it did not ask for attention.
      compute: ({ taps }) => lastLayer(taps.imageLogAttentionRows),
    });
    // @ts-expect-error: there is no such tap.
    defineLoss({ name: "wrong", needs: { taps: ["hidden"] }, compute: () => np.array(0) });
    const scaled = defineLoss({
      name: "scaled",
      options: z.strictObject({ by: z.number().default(2) }),
      needs: ({ by }) => ({ taps: by > 0 ? ["hiddenStates"] : [] }),
      compute: (_, { by }) => ({ loss: np.array(by), parts: { by: np.array(by) } }),
    });
    expect(weigh(scaled, 1, { by: 0 }).needs.taps).toEqual([]);
    expect(t.numberOf(weigh(scaled, 1).compute(t.context()).loss)).toBe(2);
    // @ts-expect-error: options are those of the schema.
    expect(() => weigh(scaled, 1, { by: "much" })).toThrowErrorMatchingSnapshot();
    // @ts-expect-error: and no others.
    expect(() => weigh(logitLens, 1, { layer: "all" })).toThrowErrorMatchingSnapshot();
    expect(() => weigh(logitLens, -1)).toThrowErrorMatchingSnapshot();
  });
});
