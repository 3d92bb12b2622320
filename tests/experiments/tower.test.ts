import { describe, expect, it } from "vitest";
import { largest, trainProbe } from "../../experiments/tower/logistic.ts";
import { recall } from "../../experiments/tower/retrieval.ts";
import { random } from "../../src/common/random.ts";

const vector = (...values: number[]) => Float32Array.from(values);

describe("recall", () => {
  const axes = Array.from({ length: 8 }, (_, i) =>
    vector(...Array.from({ length: 8 }, (_, d) => (d === i ? 1 : 0))),
  );

  it("is 1 where everything stands by its partner, and says what chance is", () => {
    expect(recall(axes, axes)).toEqual({ at1: 1, at5: 1, chance1: 1 / 8, chance5: 5 / 8 });
  });

  it("counts partners among the five nearest, and ties against them", () => {
    const turned = [...axes.slice(1), axes[0]];
    expect(recall(axes, turned).at1).toBe(0);
    const near = axes.map((_, i) => vector(...axes.map((_, d) => (d === i ? 0.5 : d < 4 ? 0.6 : 0.1))));
    expect(recall(near, axes)).toMatchObject({ at1: 0, at5: 1 });
    const same = axes.map(() => axes[0]);
    expect(recall(same, same)).toMatchObject({ at1: 0, at5: 0 });
  });
});

describe("a linear probe", () => {
  const source = random("probe");
  /** Class c stands at one of three corners; two further features are noise, one of them large. */
  const rowOf = (c: number) =>
    vector(
      source.normal() + (c === 1 ? 10 : 0),
      source.normal() + (c === 2 ? 10 : 0),
      100 * source.normal(),
      source.normal(),
    );
  const draw = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ truth: i % 3, row: rowOf(i % 3) }));
  const [fit, test] = [draw(300), draw(300)];
  const features = { width: 4, rows: fit.map(({ row }) => row) };

  it("reads a class that is there to be read, of rows that it was not trained on", () => {
    const probe = trainProbe(
      features,
      fit.map(({ truth }) => [truth]),
      { kind: "one", classes: 3 },
    );
    const right = test.filter(({ row, truth }) => largest(probe.score(row)) === truth).length;
    expect(right / test.length).toBeGreaterThan(0.97);
  });

  it("reads nothing off features that do not know it", () => {
    const probe = trainProbe(
      features,
      fit.map(() => [source.integer(3)]),
      { kind: "one", classes: 3 },
    );
    const right = test.filter(({ row }) => largest(probe.score(row)) === source.integer(3)).length;
    expect(right / test.length).toBeLessThan(0.5);
  });

  it("reads several classes of a row", () => {
    const truths = fit.map(({ truth }) => (truth === 0 ? [] : [truth, 0]));
    const probe = trainProbe(features, truths, { kind: "any", classes: 3 });
    const isRight = ({ row, truth }: (typeof test)[number]) => {
      const given = probe.score(row);
      return [truth !== 0, truth === 1, truth === 2].every((is, c) => given[c] > 0 === is);
    };
    expect(test.filter(isRight).length / test.length).toBeGreaterThan(0.95);
  });
});
