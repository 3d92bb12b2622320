import type { RunRecord } from "../../src/study/record.ts";

/** A run of four held-out pictures with one question each; `right` says of how many, at every point. */
export function record(arm: string, seed: number, right: Readonly<Record<number, number>>): RunRecord {
  const points = Object.entries(right).map(([pictures, some]) => ({
    step: Number(pictures) / 10,
    pictures: Number(pictures),
    questions: 4,
    sums: { "accuracy/naming": [0, 1, 2, 3].map((i) => (i < some ? 1 : 0)) },
    layers: {},
  }));
  const start = { params: "p", batches: ["a", "b"] };
  const counts = { "accuracy/naming": [1, 1, 1, 1] };
  return { version: 1, arm, seed, commit: "c", machine: "m", steps: 100, start, counts, points };
}
