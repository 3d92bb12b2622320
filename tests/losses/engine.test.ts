import { valueAndGrad } from "@jax-js/jax";
import { it } from "vitest";
import type { NdArray } from "../../src/engine/array.ts";
import { float32 } from "../../src/engine/host.ts";
import type { Batch } from "../../src/losses/batch.ts";
import { lossesSchema } from "../../src/losses/registry.ts";
import { chosenLosses, totalLoss } from "../../src/losses/total.ts";
import { expectSame } from "../engine/differential.ts";
import { combinations } from "./combinations.ts";
import * as t from "./support.ts";

interface Differentiated {
  readonly hidden: NdArray;
  readonly weight: NdArray;
  readonly attention: NdArray;
}

const { B, S, D, V, H, Q, N } = t;

it.each([
  {},
  ...combinations({
    tokens: ["mean", "first", "max"],
    negatives: ["all", "balanced"],
    smallRegions: ["best-patch", "none"],
  }).map((lll) => ({ lll })),
  ...combinations({ heads: ["mean", "each", "best"], direction: ["forward", "reverse"] }).map((klal) => ({
    klal,
  })),
  { klal: { target: "learnt" } },
  ...["wrong", "unsure", "focal"].map((gate) => ({ klal: { gate, gateThreshold: 0.02 } })),
])("gives on the engine what jax-js gives, value and gradients: %o", async (config) => {
  const chosen = chosenLosses(lossesSchema.parse(config));
  const loss = ({ hidden, weight, attention }: Differentiated, batch: Batch<NdArray>, gain: NdArray) =>
    totalLoss(chosen, {
      batch,
      layout: t.layout,
      taps: { hiddenStates: [hidden, hidden], imageLogAttentionRows: [attention] },
      head: { norm: t.norm(gain), weight },
    }).loss;
  const args = [
    {
      hidden: float32([B, S, D], t.fixture.hidden.at(-1)),
      weight: float32([V, D], t.fixture.weight),
      attention: float32([B, H, Q, N], t.fixture.logAttention["last-answer"].at(-1)),
    },
    t.hostBatch(),
    float32([D], t.fixture.gain),
  ];
  await expectSame(valueAndGrad(loss as never), args as never);
});
