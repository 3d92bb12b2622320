import { describe, expect, it } from "vitest";
import { armsOf } from "../../src/study/arms.ts";
import { checkConfig, withOverrides } from "../../src/train/config/config.ts";

const config = checkConfig({
  losses: { lll: { weight: 0.5 }, klal: {}, custom: [{ module: "own/narrow.ts", weight: 0.1 }] },
});
const weights = (sets: readonly string[]) => {
  const { ntp, lll, klal, custom } = withOverrides(config, sets, "arm").losses;
  return [ntp.weight, lll?.weight, klal?.weight, custom[0].weight];
};

describe("arms", () => {
  it("have the losses they name, in the config's weights or their own, and no others", () => {
    const arms = armsOf(config, "ntp, ntp+lll,ntp+lll:2+klal,ntp+narrow");
    expect(arms.map(({ name }) => name)).toEqual(["ntp", "ntp+lll", "ntp+lll:2+klal", "ntp+narrow"]);
    expect(arms.map(({ sets }) => weights(sets))).toEqual([
      [1, 0, 0, 0],
      [1, 0.5, 0, 0],
      [1, 2, 1, 0],
      [1, 0, 0, 0.1],
    ]);
  });

  it("are, where none is named, each loss of the config beside the next token, and all", () => {
    expect(armsOf(config, undefined).map(({ name }) => name)).toEqual([
      "ntp",
      "ntp+lll",
      "ntp+klal",
      "ntp+narrow",
      "ntp+lll+klal+narrow",
    ]);
  });

  it("may have a name, and settings of losses with commas in them", () => {
    const [arm] = armsOf(config, undefined, [
      "mild=ntp+klal:0.3,losses.klal.layers=[1,2],losses.klal.heads=best",
    ]);
    expect(arm.name).toBe("mild");
    const { klal } = withOverrides(config, arm.sets, "arm").losses;
    expect(klal).toMatchObject({ weight: 0.3, layers: [1, 2], heads: "best" });
  });

  it("switch a loss off in the stages of a config too", () => {
    const staged = checkConfig({ losses: { lll: {} }, stages: [{ steps: 1, weights: { lll: 2, ntp: 1 } }] });
    const [arm] = armsOf(staged, "ntp");
    expect(withOverrides(staged, arm.sets, "arm").stages[0].weights).toEqual({ lll: 0, ntp: 1 });
  });

  it("also take a loss that the config does not name", () => {
    const plain = checkConfig({});
    const [arm] = armsOf(plain, "ntp+lll");
    expect(withOverrides(plain, arm.sets, "arm").losses.lll?.weight).toBe(1);
  });

  it.each([
    ["ntp,ntp+x", [], /--arms must be of losses that there are: ntp, lll, .*narrow, got "x"/],
    ["ntp+lll:0", [], /LOSS or LOSS:WEIGHT with a weight above 0/],
    ["ntp+lll+lll", [], /each loss once/],
    ["ntp,ntp", [], /every arm must be given once/],
    [undefined, ["ntp+lll"], /--arm must be NAME=LOSSES/],
    [
      undefined,
      ["a=ntp,train.steps=3"],
      /settings of losses: arms differ in nothing else, got "train.steps=3"/,
    ],
    [undefined, ["a b/c=ntp"], /name of an arm must be letters/],
  ])("%s %s is refused in one line", (list, named, message) => {
    expect(() => armsOf(config, list, named)).toThrow(message);
  });
});
