import { beforeAll, expect, it } from "vitest";
import { np } from "../../src/engine/array.ts";
import { klAttention } from "../../src/losses/kl-attention.ts";
import { defineLoss } from "../../src/losses/loss.ts";
import { lossesSchema } from "../../src/losses/registry.ts";
import {
  chosenLosses,
  lastRows,
  queryPositions,
  totalLoss,
  totalNeeds,
  type WeightedLoss,
  weigh,
} from "../../src/losses/total.ts";
import * as t from "./support.ts";

beforeAll(t.onCpu);

const config = (losses: object) => chosenLosses(lossesSchema.parse(losses));
const klal = (query: string) =>
  t.fixture.klal.find((x: { options: { query?: string } }) =>
    query === "predicting" ? x.options.query === query : Object.keys(x.options).length === 0,
  ).value as number;

it("takes next-token prediction alone by default", () => {
  const chosen = chosenLosses(lossesSchema.parse(undefined));
  expect(chosen.map(({ name, weight }) => [name, weight])).toEqual([["ntp", 1]]);
});

it("leaves out a loss of weight 0 and what it needs", () => {
  const chosen = config({ klal: { weight: 0 } });
  expect(totalNeeds(chosen)).toEqual({
    taps: ["hiddenStates"],
    queries: [],
    lastRows: ["answers"],
  });
  expect(queryPositions(t.testBatch(), totalNeeds(chosen))).toBeUndefined();
});

it("says where the last hidden state is read, unless a loss does not", () => {
  const batch = t.testBatch();
  const rowsOf = (chosen: readonly WeightedLoss[]) => lastRows(batch, totalNeeds(chosen));
  const ntp = rowsOf(config({}));
  expect([ntp?.images, ntp?.positions === batch.answerPositions]).toEqual([false, true]);
  const both = config({ lll: { weight: 1 }, klal: { weight: 1 } });
  const rows = rowsOf(both);
  expect([rows?.images, rows?.positions === batch.answerPositions]).toEqual([true, true]);
  const own = defineLoss({
    name: "own",
    needs: { taps: ["hiddenStates"] },
    compute: ({ taps }) => np.mean(taps.hiddenStates[0]),
  });
  expect(rowsOf([...both, weigh(own)])).toBeUndefined();
});

it("adds up the losses by their weights and reports each before its weight", () => {
  const chosen = config({ lll: { weight: 0.5 }, klal: { weight: 2 } });
  const { loss, parts } = totalLoss(chosen, t.context());
  const [ntp, lll] = [t.fixture.ntp.value, t.fixture.lll[0].value];
  expect(t.numberOf(loss)).toBeCloseTo(ntp + 0.5 * lll + 2 * klal("last-answer"), 10);
  expect(Object.keys(parts).sort()).toEqual([
    "klal",
    "klal.last",
    "lll",
    "lll.negative",
    "lll.positive",
    "ntp",
  ]);
  expect(t.numberOf(parts.lll)).toBeCloseTo(lll, 10);
});

it("takes weights that change during training as scalars", () => {
  const { loss } = totalLoss(config({}), t.context(), { ntp: np.array(3) });
  expect(t.numberOf(loss)).toBeCloseTo(3 * t.fixture.ntp.value, 6);
});

it("gives each loss the attention rows of its own queries", () => {
  const chosen = [weigh(klAttention, 1, { query: "predicting" }), weigh(klAttention, 10, {})];
  const needs = totalNeeds(chosen);
  const batch = t.testBatch();
  expect(needs.queries).toEqual(["predicting", "last-answer"]);
  const rows = t
    .logAttention("predicting")
    .map((row, i) => np.concatenate([row, t.logAttention("last-answer")[i]], 2));
  expect(queryPositions(batch, needs)?.shape).toEqual([t.B, t.A + t.Q]);
  const { loss } = totalLoss(chosen, t.context({ taps: { imageLogAttentionRows: rows } }));
  expect(t.numberOf(loss)).toBeCloseTo(klal("predicting") + 10 * klal("last-answer"), 10);
});

it("rejects an unknown option, with its path", () => {
  const { error } = lossesSchema.safeParse({ klal: { head: "mean" } });
  expect(error?.issues[0]).toMatchObject({ code: "unrecognized_keys", path: ["klal"], keys: ["head"] });
});
